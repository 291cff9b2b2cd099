// Addresses: rooms in the page's URL, the signaling socket and its validation twin, the invitation in the fragment.
// Pure functions over URLs and texts.

/** Sent as `version`; shown by nobody, read by operators in logs. */
export const PAGE_VERSION = '0.1.0';
/** The protocol revision whose messages this page understands (livekit-wire.md 1.7). */
const PROTOCOL = '16';

/**
 * @param {string} base where the server is, http(s), possibly with a path
 * @param {string} token
 * @returns {{socket: string, validate: string}}
 */
export function signalAddresses(base, token) {
    const query = new URLSearchParams({
        access_token: token, auto_subscribe: '1', adaptive_stream: '0', sdk: 'js', protocol: PROTOCOL,
        version: PAGE_VERSION, hutong_frames: 'json',
    });
    const root = base.endsWith('/') ? base : `${base}/`;
    const socket = new URL('rtc', root);
    socket.protocol = socket.protocol === 'https:' ? 'wss:' : 'ws:';
    socket.search = query.toString();
    const validate = new URL('rtc/validate', root);
    validate.search = query.toString();
    return { socket: socket.href, validate: validate.href };
}

/** The link to a room, without fragment. @param {string} page the page's own address @param {string} room */
export function roomLink(page, room) {
    const url = new URL(page);
    url.hash = '';
    url.search = room ? new URLSearchParams({ room }).toString() : '';
    return url.href;
}

/** @param {string} address @returns {{room: string, token: string}} empty strings when absent */
export function readAddress(address) {
    const url = new URL(address);
    const fragment = new URLSearchParams(url.hash.slice(1));
    return { room: (url.searchParams.get('room') || '').trim(), token: fragment.get('token') || '' };
}

/**
 * A room from what a person typed or pasted: a code, or a whole link to a meeting.
 * @param {string} text
 * @returns {string} empty when there is none
 */
export function roomFromInput(text) {
    // NFKC folds the full-width letters and dashes of Chinese input methods.
    const entered = text.normalize('NFKC').trim();
    if (/^https?:\/\//i.test(entered)) {
        try {
            return readAddress(entered).room;
        } catch {
            return '';
        }
    }
    const code = entered.replace(/\s*[-‐–—]\s*/g, '-');
    return GENERATED_CODE.test(code) ? code.toLowerCase() : entered;
}

const CONSONANTS = 'bdfghjklmnpqstwz';
const VOWELS = 'aeiou';
const SYLLABLES = CONSONANTS.length * VOWELS.length;
const GENERATED_CODE = /^[a-z]{4}-[a-z]{4}-[a-z]{4}$/i;

/**
 * A fresh room code such as `bako-dime-zuto`: six syllables that can be read out in either language, 38 bits.
 * @param {(bytes: Uint8Array) => Uint8Array} fillRandom
 */
export function newRoomCode(fillRandom) {
    const syllables = [];
    while (syllables.length < 6) {
        const [byte] = fillRandom(new Uint8Array(1));
        // The last whole multiple of 80 below 256; larger bytes would favour the first syllables.
        if (byte >= SYLLABLES * 3) continue;
        const index = byte % SYLLABLES;
        syllables.push(CONSONANTS[Math.floor(index / VOWELS.length)] + VOWELS[index % VOWELS.length]);
    }
    return [0, 2, 4].map((at) => syllables[at] + syllables[at + 1]).join('-');
}

/**
 * What an invitation says about itself. Not verified here: the server does that, the page only shows it.
 * @param {string} token JWT
 * @returns {{room: string, name: string}}
 */
export function readClaims(token) {
    try {
        const body = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
        const bytes = Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
        const { name, sub, video } = JSON.parse(new TextDecoder().decode(bytes));
        return { room: String((video && video.room) || ''), name: String(name || sub || '') };
    } catch {
        return { room: '', name: '' };
    }
}
