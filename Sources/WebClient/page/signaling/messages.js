// The JSON form of the wire messages (protojson of SignalRequest and SignalResponse, livekit-wire.md 2.1): text of a
// frame to plain values and back. Absent fields mean their zero value, unknown messages and fields are skipped.
// Nothing here has effects, and nothing after here sees an unchecked type.

const LEAVE_ACTIONS = ['DISCONNECT', 'RESUME', 'RECONNECT'];
const TARGETS = ['PUBLISHER', 'SUBSCRIBER'];
const SOURCES = ['UNKNOWN', 'CAMERA', 'MICROPHONE', 'SCREEN_SHARE', 'SCREEN_SHARE_AUDIO'];
const KINDS = ['AUDIO', 'VIDEO'];
const STATES = ['JOINING', 'JOINED', 'ACTIVE', 'DISCONNECTED'];
const QUALITIES = ['POOR', 'GOOD', 'EXCELLENT', 'LOST'];
const DISCONNECT_REASONS = [
    'UNKNOWN_REASON', 'CLIENT_INITIATED', 'DUPLICATE_IDENTITY', 'SERVER_SHUTDOWN', 'PARTICIPANT_REMOVED',
    'ROOM_DELETED', 'STATE_MISMATCH', 'JOIN_FAILURE', 'MIGRATION', 'SIGNAL_CLOSE', 'ROOM_CLOSED', 'USER_UNAVAILABLE',
    'USER_REJECTED', 'SIP_TRUNK_FAILURE', 'CONNECTION_TIMEOUT', 'MEDIA_FAILURE', 'AGENT_ERROR',
];
const REQUEST_REASONS = [
    'OK', 'NOT_FOUND', 'NOT_ALLOWED', 'LIMIT_EXCEEDED', 'QUEUED', 'UNSUPPORTED_TYPE', 'UNCLASSIFIED_ERROR',
];

const string = (value) => (typeof value === 'string' ? value : '');
const list = (value) => (Array.isArray(value) ? value : []);
const object = (value) => (value && typeof value === 'object' && !Array.isArray(value) ? value : {});
/** Numbers, and the decimal strings that protojson uses for 64-bit ones. */
const number = (value) => {
    const result = typeof value === 'string' ? Number(value) : value;
    return typeof result === 'number' && Number.isFinite(result) ? result : 0;
};
/** protojson allows the name or the number; a value this page does not know reads as the zero one. */
function choice(value, names) {
    if (names.includes(value)) return value;
    return names[Number.isInteger(value) ? value : 0] || names[0];
}

function iceServer(value) {
    const { urls, username, credential } = object(value);
    return { urls: list(urls).map(string), username: string(username), credential: string(credential) };
}

function trackInfo(value) {
    const { sid, type, source, muted, width, height } = object(value);
    return {
        sid: string(sid),
        kind: choice(type, KINDS) === 'VIDEO' ? 'video' : 'audio',
        source: choice(source, SOURCES),
        muted: muted === true,
        width: number(width),
        height: number(height),
    };
}

/** @returns {import('../state/initial.js').Participant} */
function participantInfo(value) {
    const { sid, identity, name, state, version, joinedAt, joinedAtMs, tracks } = object(value);
    return {
        sid: string(sid),
        identity: string(identity),
        name: string(name).trim() || string(identity),
        state: choice(state, STATES),
        version: number(version),
        joinedAt: number(joinedAtMs) || number(joinedAt) * 1000,
        tracks: list(tracks).map(trackInfo).filter((track) => track.sid),
    };
}

const participants = (value) => list(value).map(participantInfo).filter(({ sid }) => sid);

function sessionDescription(value) {
    const { type, sdp, id, midToTrackId } = object(value);
    const mids = Object.entries(object(midToTrackId)).filter(([, sid]) => typeof sid === 'string');
    return { type: string(type), sdp: string(sdp), id: number(id), trackSids: Object.fromEntries(mids) };
}

function candidate(value) {
    const { candidateInit, target } = object(value);
    const { candidate: line, sdpMid, sdpMLineIndex } = object(parse(string(candidateInit)));
    return {
        target: choice(target, TARGETS),
        // An empty line is the end marker, which an ICE agent needs not be told.
        candidate: string(line) === '' ? null : {
            candidate: line,
            sdpMid: typeof sdpMid === 'string' ? sdpMid : null,
            sdpMLineIndex: Number.isInteger(sdpMLineIndex) ? sdpMLineIndex : null,
        },
    };
}

// No permission at all leaves everything allowed; in a given one, an absent flag is false.
const mayPublish = (permission) => permission === undefined || object(permission).canPublish === true;

const decoders = {
    join: ({ participant, otherParticipants, room, iceServers, pingInterval, pingTimeout }) => ({
        self: participantInfo(participant),
        others: participants(otherParticipants).filter(({ state }) => state !== 'DISCONNECTED'),
        recording: object(room).activeRecording === true,
        canPublish: mayPublish(object(participant).permission),
        iceServers: list(iceServers).map(iceServer).filter(({ urls }) => urls.length > 0),
        pingIntervalSeconds: number(pingInterval),
        pingTimeoutSeconds: number(pingTimeout),
    }),
    offer: sessionDescription,
    answer: sessionDescription,
    trickle: candidate,
    update: (value) => ({ participants: participants(value.participants) }),
    trackPublished: ({ cid, track }) => ({ cid: string(cid), track: trackInfo(track) }),
    trackUnpublished: ({ trackSid }) => ({ trackSid: string(trackSid) }),
    mute: ({ sid, muted }) => ({ sid: string(sid), muted: muted === true }),
    speakersChanged: ({ speakers }) => ({
        speakers: list(speakers).map(object).map(({ sid, level, active }) => ({
            sid: string(sid), level: Math.min(1, Math.max(0, number(level))), active: active === true,
        })),
    }),
    connectionQuality: ({ updates }) => ({
        updates: list(updates).map(object).map(({ participantSid, quality }) => ({
            sid: string(participantSid), quality: choice(quality, QUALITIES),
        })),
    }),
    roomUpdate: ({ room }) => ({ recording: object(room).activeRecording === true }),
    leave: ({ action, reason }) => ({
        action: choice(action, LEAVE_ACTIONS), reason: choice(reason, DISCONNECT_REASONS),
    }),
    requestResponse: ({ reason, message, addTrack }) => ({
        reason: choice(reason, REQUEST_REASONS), message: string(message), cid: string(object(addTrack).cid),
    }),
    pongResp: ({ lastPingTimestamp }) => ({ lastPingTimestamp: number(lastPingTimestamp) }),
};

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

/**
 * @param {string} text one WebSocket text message
 * @returns {?{kind: string, value: object}} null when it is not a message this page knows
 */
export function decodeResponse(text) {
    const message = object(parse(text));
    // A string instead of a message, so it has no decoder of its own.
    const { refreshToken } = message;
    if (typeof refreshToken === 'string') return { kind: 'refreshToken', value: { token: refreshToken } };
    const kind = Object.keys(message).find((key) => Object.prototype.hasOwnProperty.call(decoders, key));
    return kind ? { kind, value: decoders[kind](object(message[kind])) } : null;
}

/**
 * @param {string} kind field of SignalRequest in lowerCamelCase
 * @param {object} value its fields; 64-bit integers are given as strings
 */
export function encodeRequest(kind, value) {
    return JSON.stringify({ [kind]: value });
}

/** @param {RTCIceCandidate} found @param {'PUBLISHER' | 'SUBSCRIBER'} target @returns the fields of a trickle */
export function trickleOf(found, target) {
    const { candidate: line, sdpMid, sdpMLineIndex } = found;
    return { candidateInit: JSON.stringify({ candidate: line, sdpMid, sdpMLineIndex }), target };
}
