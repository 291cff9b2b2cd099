// What the views need to know, derived from the state: tiles in order, the shared screen, the connection line.

/**
 * @typedef {object} Tile
 * @property {string} sid participant
 * @property {string} name
 * @property {string} identity
 * @property {boolean} self
 * @property {boolean} speaking
 * @property {boolean} audible has an open microphone
 * @property {?string} videoSid track to show, null for the avatar; for the own tile only says that the camera is on
 * @property {'POOR' | 'LOST' | null} weak
 */

const track = (participant, source) => participant.tracks.find((candidate) => candidate.source === source);

function tileOf(state, participant) {
    const { meeting, local } = state;
    const self = participant.sid === meeting.selfSid;
    const microphone = track(participant, 'MICROPHONE');
    const camera = track(participant, 'CAMERA');
    const quality = meeting.quality[participant.sid];
    const cameraOn = self ? local.camera.status === 'on'
        : Boolean(camera && !camera.muted && meeting.media[camera.sid]);
    return {
        sid: participant.sid,
        name: participant.name,
        identity: participant.identity,
        self,
        speaking: participant.sid in meeting.speakers,
        audible: self ? local.microphone.status === 'on' : Boolean(microphone && !microphone.muted),
        videoSid: cameraOn ? (self ? 'self' : camera.sid) : null,
        weak: quality === 'POOR' || quality === 'LOST' ? quality : null,
    };
}

/** Everybody, others by the time they came, this page's person last. */
export function participantsInOrder({ meeting }) {
    if (!meeting) return [];
    return Object.values(meeting.participants).sort((a, b) =>
        (a.sid === meeting.selfSid) - (b.sid === meeting.selfSid) || a.joinedAt - b.joinedAt || compare(a.sid, b.sid));
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The tiles to draw. Positions are stable; only when there is no room for all do speakers and cameras go first.
 * @param {import('./initial.js').State} state
 * @param {number} capacity how many tiles fit, at least 2
 * @returns {{tiles: Tile[], hidden: number}}
 */
export function visibleTiles(state, capacity) {
    const tiles = participantsInOrder(state).map((participant) => tileOf(state, participant));
    if (tiles.length <= capacity) return { tiles, hidden: 0 };
    const worth = (tile) => (tile.self ? 4 : 0) + (tile.speaking ? 2 : 0) + (tile.videoSid ? 1 : 0);
    const ranked = tiles.map((tile, index) => ({ tile, index }))
        .sort((a, b) => worth(b.tile) - worth(a.tile) || a.index - b.index)
        .slice(0, capacity - 1) // one place is for the tile that counts the rest
        .sort((a, b) => a.index - b.index);
    return { tiles: ranked.map(({ tile }) => tile), hidden: tiles.length - ranked.length };
}

/** Every person as a roster line. @returns {(Tile & {sharing: boolean})[]} */
export function rosterLines(state) {
    return participantsInOrder(state).map((participant) => ({
        ...tileOf(state, participant),
        sharing: Boolean(track(participant, 'SCREEN_SHARE')),
    }));
}

/** The screen somebody else shares; the most recent when there are several. */
export function sharedScreen(state) {
    const { meeting } = state;
    if (!meeting) return null;
    const shares = participantsInOrder(state)
        .filter(({ sid }) => sid !== meeting.selfSid)
        .map((participant) => ({ participant, share: track(participant, 'SCREEN_SHARE') }))
        .filter(({ share }) => share && !share.muted && meeting.media[share.sid]);
    if (shares.length === 0) return null;
    const { participant, share } = shares[shares.length - 1];
    return { sid: participant.sid, name: participant.name, videoSid: share.sid };
}

/** Remote tracks that must sound, as track sids. */
export function audibleTrackSids({ meeting }) {
    if (!meeting) return [];
    return Object.values(meeting.participants)
        .filter(({ sid }) => sid !== meeting.selfSid)
        .flatMap(({ tracks }) => tracks.filter(({ kind, sid }) => kind === 'audio' && meeting.media[sid]))
        .map(({ sid }) => sid);
}

/** The connection in one word, an i18n key `connection.<word>`. */
export function connectionWord({ meeting }) {
    if (!meeting) return 'offline';
    if (meeting.phase === 'reconnecting') return 'reconnecting';
    if (meeting.phase === 'joining') return 'joining';
    if (meeting.transport === 'connected') return 'connected';
    return meeting.transport === 'disconnected' ? 'unstable' : 'connecting';
}
