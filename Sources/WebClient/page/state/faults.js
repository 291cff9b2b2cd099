// Every way it can go wrong that a person is told about, and how the causes map to it. The words are in i18n/:
// `fault.<code>.title` says what happened, `fault.<code>.advice` what to do.

export const FAULT_CODES = Object.freeze([
    'permission-denied', 'no-device', 'device-busy', 'device-failed', 'device-lost', 'insecure-page',
    'unsupported-browser', 'screen-denied', 'screen-failed',
    'needs-invitation', 'token-refused', 'meeting-full', 'server-busy', 'no-such-meeting', 'refused', 'server-error',
    'server-unreachable', 'socket-blocked', 'media-blocked', 'connection-lost',
    'removed', 'meeting-ended', 'joined-elsewhere', 'server-shutdown', 'ended-by-server',
    'publish-refused', 'publish-failed', 'muted-by-host', 'track-removed',
]);

/** @param {{name?: string}} error of getUserMedia @returns {string} fault code */
export function deviceFault(error) {
    switch (error && error.name) {
        case 'NotAllowedError':
        case 'SecurityError':
            return 'permission-denied';
        case 'NotFoundError':
        case 'OverconstrainedError':
            return 'no-device';
        case 'NotReadableError':
        case 'AbortError':
            return 'device-busy';
        default:
            return 'device-failed';
    }
}

/**
 * What an HTTP refusal of the join means (livekit-wire.md 1.6).
 * @param {number} status
 * @param {string} reason plain text body
 * @returns {import('./initial.js').Fault}
 */
export function refusalFault(status, reason) {
    if (/\bfull\b|room_full/i.test(reason)) return { code: 'meeting-full' };
    if (status === 401 || status === 403) return { code: 'token-refused' };
    if (status === 404 && reason.includes('requested room does not exist')) return { code: 'no-such-meeting' };
    if (status === 429 || status === 503) return { code: 'server-busy' };
    if (status >= 500) return { code: 'server-error', params: { status } };
    return { code: 'refused', params: { status } };
}

/** @param {string} reason DisconnectReason of a Leave @returns {import('./initial.js').Fault} */
export function leaveFault(reason) {
    switch (reason) {
        case 'PARTICIPANT_REMOVED': return { code: 'removed' };
        case 'ROOM_DELETED':
        case 'ROOM_CLOSED': return { code: 'meeting-ended' };
        case 'DUPLICATE_IDENTITY': return { code: 'joined-elsewhere' };
        case 'SERVER_SHUTDOWN': return { code: 'server-shutdown' };
        case 'CONNECTION_TIMEOUT':
        case 'MEDIA_FAILURE': return { code: 'connection-lost' };
        default: return { code: 'ended-by-server' };
    }
}
