// Puts the page together: state, media, session and views, and what each button does. Also the only place that
// touches the address bar and the storage.

import { createStore } from './state/store.js';
import { initialState } from './state/initial.js';
import { reduce } from './state/reducer.js';
import { chooseLanguage } from './i18n/index.js';
import { newRoomCode, PAGE_VERSION, readAddress, readClaims, roomFromInput, roomLink } from './signaling/address.js';
import { createTicketSource } from './signaling/ticket.js';
import { canShareScreen, missingSupport } from './media/devices.js';
import { createLocalMedia } from './media/local-media.js';
import { createRemoteTracks } from './media/remote-tracks.js';
import { collectStats } from './media/stats.js';
import { createNotices } from './meeting/notices.js';
import { createSession } from './meeting/session.js';
import { createApp } from './views/app.js';
import { listenForShortcuts } from './views/shortcuts.js';
import { createMemory } from './memory.js';

/** How long a person must have stopped typing their name before the token for it is fetched ahead. */
const TYPING_PAUSE_MS = 400;

const memory = createMemory();
const { room: addressedRoom, token: invitation } = readAddress(location.href);
const claims = invitation ? readClaims(invitation) : { room: '', name: '' };

const store = createStore(reduce, initialState({
    language: chooseLanguage(memory.get('language'), navigator.languages),
    name: claims.name || memory.get('name') || '',
    nameFixed: Boolean(claims.name),
    devices: {
        cameras: [], microphones: [],
        cameraId: memory.get('camera') || '', microphoneId: memory.get('microphone') || '',
    },
    local: { ...initialState().local, canShareScreen: canShareScreen() },
}));
const { dispatch } = store;
const notices = createNotices(dispatch);
const localMedia = createLocalMedia({ dispatch, chosen: () => store.state().devices });
const remoteTracks = createRemoteTracks();
const tickets = createTicketSource({
    page: location.href, invitation, fetch: (...request) => fetch(...request), now: () => performance.now(),
});
const session = createSession({ store, localMedia, remoteTracks, tickets, notices });

let typingTimer = 0;

/** Worth saying before Join is pressed; anything else may be due to the half-typed name. */
const EARLY_FAULTS = ['needs-invitation', 'server-unreachable'];

/** Fetches the token ahead, and so finds out early when this server gives none. */
async function prepareTicket() {
    const { room, name, screen } = store.state();
    if (screen !== 'prejoin') return;
    const { fault = null } = await tickets.obtain(room, name.trim());
    const now = store.state();
    if (now.screen !== 'prejoin' || now.room !== room) return;
    const early = ({ code }) => EARLY_FAULTS.includes(code);
    if (fault ? early(fault) : now.fault && early(now.fault)) dispatch({ type: 'faultFound', fault });
}

function openRoom(room) {
    dispatch({ type: 'roomChosen', room });
    const support = missingSupport();
    // Without a secure page one can still watch; without WebRTC nothing works.
    if (support === 'unsupported-browser') dispatch({ type: 'faultFound', fault: { code: support } });
    else prepareTicket();
    localMedia.openBoth();
}

function goToRoom(room) {
    history.pushState(null, '', roomLink(location.href, room));
    openRoom(room);
}

function goHome() {
    history.pushState(null, '', roomLink(location.href, ''));
    localMedia.closeAll();
    dispatch({ type: 'homeOpened' });
}

async function copyLink() {
    const link = roomLink(location.href, store.state().room);
    try {
        await navigator.clipboard.writeText(link);
        notices.info('copied');
    } catch {
        notices.info('copyFailed', { link });
    }
}

const actions = {
    switchLanguage() {
        const language = store.state().language === 'en' ? 'zh-CN' : 'en';
        memory.set('language', language);
        dispatch({ type: 'languageChosen', language });
    },
    startMeeting: () => goToRoom(newRoomCode((bytes) => crypto.getRandomValues(bytes))),
    /** @returns {boolean} whether there was a room in the text */
    joinByCode(text) {
        const room = roomFromInput(text);
        if (room) goToRoom(room);
        return room !== '';
    },
    goHome,
    rejoin: () => openRoom(store.state().room),
    changeName(name) {
        dispatch({ type: 'nameChanged', name });
        clearTimeout(typingTimer);
        typingTimer = setTimeout(prepareTicket, TYPING_PAUSE_MS);
    },
    chooseDevice(source, id) {
        memory.set(source, id);
        dispatch({ type: 'deviceChosen', source, id });
        localMedia.reopen(source);
    },
    toggleSource: (source) => localMedia.set(source, store.state().local[source].status === 'off'),
    join() {
        clearTimeout(typingTimer);
        const name = store.state().name.trim();
        dispatch({ type: 'nameChanged', name });
        if (!store.state().nameFixed) memory.set('name', name);
        session.join();
    },
    leave: () => session.leave(),
    toggleScreen: () => session.toggleScreen(),
    toggleRoster: () => dispatch({ type: 'rosterToggled' }),
    copyLink,
    dismissNotice: (id) => dispatch({ type: 'noticeDismissed', id }),
    playbackBlocked: (blocked) => dispatch({ type: 'playbackBlocked', blocked }),
    remoteFrameShown: () => session.remoteFrameShown(),
};

const app = createApp(document.getElementById('app'), actions, {
    localTrack: (source) => localMedia.track(source),
    remoteTrack: (trackSid) => remoteTracks.get(trackSid),
});
store.subscribe(app.update);
listenForShortcuts(store.state, actions);

const room = addressedRoom || claims.room;
// The invitation is a secret: it must not stay in the address bar, the history, or a copied link.
if (invitation) history.replaceState(null, '', roomLink(location.href, room));
if (room) openRoom(room);

addEventListener('popstate', () => {
    const { room: target, token } = readAddress(location.href);
    // A new invitation was pasted over the address of this page.
    if (token) return location.reload();
    if (store.state().screen === 'meeting') session.leave();
    localMedia.closeAll();
    if (target) openRoom(target);
    else dispatch({ type: 'homeOpened' });
});
addEventListener('pagehide', () => session.farewell());
// A page restored from the back/forward cache has dead connections.
addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
if (!missingSupport()) navigator.mediaDevices.addEventListener('devicechange', localMedia.refreshDevices);

/**
 * For operators and tests, in the browser's console: `hutong.state()` is a plain snapshot of the page's state,
 * `await hutong.stats()` a summary of getStats (see media/stats.js). Read-only; nothing else is exposed.
 */
Object.defineProperty(globalThis, 'hutong', {
    value: Object.freeze({
        version: PAGE_VERSION,
        state: () => JSON.parse(JSON.stringify(store.state())),
        stats: () => collectStats({
            connections: session.connections(), trackSidAt: remoteTracks.sidAt, state: store.state(),
        }),
    }),
});
