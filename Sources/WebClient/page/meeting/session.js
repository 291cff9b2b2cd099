// Taking part in a meeting, from pressing Join to leaving: the connection and its replacements, and what this page
// publishes. After a broken connection it joins anew and publishes the same tracks again.

import { deviceFault } from '../state/faults.js';
import { retryDelay } from '../signaling/backoff.js';
import { openScreen } from '../media/devices.js';
import { openConnection } from './connection.js';

const SOURCE_NAMES = { camera: 'CAMERA', microphone: 'MICROPHONE' };
const SCREEN_SOURCES = ['SCREEN_SHARE', 'SCREEN_SHARE_AUDIO'];

/**
 * @param {object} options
 * @param {{state: () => import('../state/initial.js').State, dispatch: (event: {type: string}) => void}} options.store
 * @param {ReturnType<typeof import('../media/local-media.js').createLocalMedia>} options.localMedia
 * @param {ReturnType<typeof import('../media/remote-tracks.js').createRemoteTracks>} options.remoteTracks
 * @param {ReturnType<typeof import('../signaling/ticket.js').createTicketSource>} options.tickets
 * @param {ReturnType<typeof import('./notices.js').createNotices>} options.notices
 */
export function createSession({ store, localMedia, remoteTracks, tickets, notices }) {
    const { dispatch } = store;
    let connection = null;
    let ticket = null;
    let canPublish = true;
    let attempt = 0;
    let wasAdmitted = false;
    let joinPressedAt = 0;
    let cancelRetry = () => {};
    /** @type {?{video: MediaStreamTrack, audio: ?MediaStreamTrack}} */
    let screen = null;
    // Each join has its own number, so that what an earlier one still awaits cannot disturb it.
    let joinNumber = 0;

    function connect() {
        connection = openConnection({
            ticket, dispatch, remoteTracks,
            on: {
                admitted(mayPublish) {
                    wasAdmitted = true;
                    canPublish = mayPublish;
                    if (canPublish) publish(currentItems());
                },
                transport(state) {
                    if (state !== 'connected') return;
                    // Only now: a server that admits and breaks must not be asked again at full speed.
                    attempt = 0;
                    notices.withdraw('media-blocked');
                },
                mediaLate: () => notices.problem('media-blocked', {}, { lasting: true }),
                token: (token) => {
                    ticket = { ...ticket, token };
                },
                muted: (source) => silence(source, 'muted-by-host'),
                withdrawn(source) {
                    connection.publisher.unpublish([source]);
                    silence(source, 'track-removed');
                },
                end: connectionEnded,
            },
        });
    }

    function connectionEnded({ final, fault }) {
        connection = null;
        notices.withdraw('media-blocked');
        if (!wasAdmitted) return abandon({ type: 'joinFailed', fault });
        attempt += 1;
        const delay = final ? null : retryDelay(attempt, Math.random);
        if (delay === null) return abandon({ type: 'meetingEnded', fault });
        dispatch({ type: 'connectionLost', attempt });
        const timer = setTimeout(retry, delay);
        // A network that comes back is a reason not to wait any longer.
        addEventListener('online', retry);
        cancelRetry = () => {
            clearTimeout(timer);
            removeEventListener('online', retry);
            cancelRetry = () => {};
        };
    }

    function retry() {
        cancelRetry();
        connect();
    }

    function abandon(event) {
        joinNumber += 1;
        cancelRetry();
        stopScreenTracks();
        remoteTracks.clear();
        // Before joining the preview stays open; after a meeting the devices are given back.
        if (event.type === 'meetingEnded') localMedia.closeAll();
        dispatch(event);
    }

    /** Everything this page sends now, for a connection that has nothing yet. */
    function currentItems() {
        const items = [];
        for (const source of ['microphone', 'camera']) {
            const track = localMedia.track(source);
            if (track) items.push({ source: SOURCE_NAMES[source], track, muted: !track.enabled });
        }
        return [...items, ...screenItems()];
    }

    function screenItems() {
        if (!screen) return [];
        const tracks = [screen.video, screen.audio];
        return SCREEN_SOURCES.map((source, index) => ({ source, track: tracks[index], muted: false }))
            .filter(({ track }) => track);
    }

    async function publish(items) {
        if (items.length === 0 || !connection) return;
        const refused = await connection.publisher.publish(items);
        for (const { source, reason } of refused) {
            if (reason === 'CLOSED') continue;
            const code = reason === 'NOT_ALLOWED' ? 'publish-refused' : 'publish-failed';
            silence(source, code);
        }
    }

    /** Turns a source of ours off and says why. */
    function silence(source, code) {
        if (source === 'SCREEN_SHARE_AUDIO') return stopScreenAudio();
        if (source === 'SCREEN_SHARE') stopScreen();
        else localMedia.set(source === 'CAMERA' ? 'camera' : 'microphone', false);
        notices.problem(code, { source: source.toLowerCase() });
    }

    localMedia.onChange((source) => {
        if (!connection || !wasAdmitted) return;
        const name = SOURCE_NAMES[source];
        const track = localMedia.track(source);
        const on = Boolean(track && track.enabled);
        if (connection.publisher.has(name)) connection.publisher.update(name, track, !on);
        else if (on && canPublish) publish([{ source: name, track, muted: false }]);
        else if (on) silence(name, 'publish-refused');
    });

    async function startScreen() {
        if (!canPublish) return notices.problem('publish-refused', { source: 'screen_share' });
        const current = joinNumber;
        dispatch({ type: 'screenShareChanged', status: 'opening' });
        let opened;
        try {
            opened = await openScreen();
        } catch (error) {
            dispatch({ type: 'screenShareChanged', status: 'off' });
            // Closing the browser's chooser is the same error as a forbidden share; neither needs an alarm.
            const denied = deviceFault(error) === 'permission-denied';
            return notices.problem(denied ? 'screen-denied' : 'screen-failed');
        }
        const tracks = [opened.video, opened.audio].filter(Boolean);
        if (current !== joinNumber) return tracks.forEach((track) => track.stop());
        screen = opened;
        opened.video.onended = stopScreen;
        dispatch({ type: 'screenShareChanged', status: 'on' });
        await publish(screenItems());
    }

    function stopScreenTracks() {
        if (!screen) return;
        for (const track of [screen.video, screen.audio]) if (track) track.stop();
        screen = null;
        dispatch({ type: 'screenShareChanged', status: 'off' });
    }

    /** The picture goes on without its sound. */
    function stopScreenAudio() {
        if (!screen || !screen.audio) return;
        screen.audio.stop();
        screen = { ...screen, audio: null };
        if (connection) connection.publisher.unpublish(['SCREEN_SHARE_AUDIO']);
    }

    function stopScreen() {
        if (!screen) return;
        stopScreenTracks();
        if (connection) connection.publisher.unpublish(SCREEN_SOURCES);
    }

    return {
        async join() {
            const { room, name } = store.state();
            const current = ++joinNumber;
            joinPressedAt = performance.now();
            wasAdmitted = false;
            attempt = 0;
            dispatch({ type: 'joinPressed' });
            const outcome = await tickets.obtain(room, name);
            if (current !== joinNumber) return;
            if (outcome.fault) return dispatch({ type: 'joinFailed', fault: outcome.fault });
            ticket = outcome.ticket;
            connect();
        },
        leave() {
            if (connection) connection.leave();
            connection = null;
            abandon({ type: 'meetingEnded', fault: null });
        },
        /** For a page that goes away: the others should not wait for a time-out. */
        farewell() {
            if (connection) connection.leave();
        },
        toggleScreen: () => (screen ? stopScreen() : startScreen()),
        /** A remote video showed its first picture. */
        remoteFrameShown() {
            dispatch({ type: 'firstFrameSeen', milliseconds: Math.round(performance.now() - joinPressedAt) });
        },
        /** @returns {?{publisher: RTCPeerConnection, subscriber: RTCPeerConnection}} */
        connections: () => connection && connection.connections,
    };
}
