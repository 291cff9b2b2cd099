// One connection to a meeting: a socket and two peer connections that live and die together. It turns messages into
// events and media actions; session.js decides what follows when it ends.

import { signalAddresses } from '../signaling/address.js';
import { openSocket } from '../signaling/socket.js';
import { createPublisher } from '../media/publisher.js';
import { createSubscriber } from '../media/subscriber.js';
import { leaveFault } from '../state/faults.js';

/** Media should flow well before this; if it does not, something between blocks UDP. */
const MEDIA_HINT_MS = 5000;
/** As long as the SDKs wait for their primary connection (livekit-wire.md 2.10). */
const MEDIA_TIMEOUT_MS = 15_000;

/**
 * @typedef {object} ConnectionEnd
 * @property {boolean} final trying again cannot help
 * @property {import('../state/initial.js').Fault} fault
 *
 * @param {object} options
 * @param {import('../signaling/ticket.js').Ticket} options.ticket
 * @param {(event: {type: string}) => void} options.dispatch
 * @param {ReturnType<typeof import('../media/remote-tracks.js').createRemoteTracks>} options.remoteTracks
 * @param {object} options.on
 * @param {(canPublish: boolean) => void} options.on.admitted
 * @param {(state: string) => void} options.on.transport of the receiving side
 * @param {() => void} options.on.mediaLate
 * @param {(token: string) => void} options.on.token a newer token
 * @param {(source: string) => void} options.on.muted the server muted a track of ours
 * @param {(source: string) => void} options.on.withdrawn the server ended a track of ours
 * @param {(end: ConnectionEnd) => void} options.on.end exactly once, unless `close` or `leave` was called
 */
export function openConnection({ ticket, dispatch, remoteTracks, on }) {
    let over = false;
    const timers = [];
    const lost = (code) => end({ final: false, fault: { code } });
    const send = (kind, value) => socket.send(kind, value);

    const publisher = createPublisher({
        send,
        onState: (state) => state === 'failed' && lost('connection-lost'),
        onFailure: () => lost('publish-failed'),
    });
    const subscriber = createSubscriber({
        send,
        onTrack(trackSid, track, mid) {
            remoteTracks.add(trackSid, track, mid);
            dispatch({ type: 'mediaArrived', trackSid });
        },
        onState(state) {
            if (state === 'connected') timers.forEach(clearTimeout);
            if (state === 'failed') return lost('connection-lost');
            dispatch({ type: 'transportChanged', transport: state });
            on.transport(state);
        },
        onFailure: () => lost('connection-lost'),
    });

    function close() {
        over = true;
        timers.forEach(clearTimeout);
        socket.close();
        publisher.close();
        subscriber.close();
    }

    function end(reason) {
        if (over) return;
        close();
        on.end(reason);
    }

    const handlers = {
        join({ self, others, recording, canPublish, iceServers }) {
            remoteTracks.clear();
            publisher.configure(iceServers);
            subscriber.configure(iceServers);
            dispatch({ type: 'admitted', self, others, recording });
            timers.push(setTimeout(on.mediaLate, MEDIA_HINT_MS));
            timers.push(setTimeout(() => lost('media-blocked'), MEDIA_TIMEOUT_MS));
            on.admitted(canPublish);
        },
        offer: (description) => subscriber.offered(description),
        answer: (description) => publisher.answered(description),
        trickle({ target, candidate }) {
            if (candidate) (target === 'SUBSCRIBER' ? subscriber : publisher).candidate(candidate);
        },
        update: ({ participants }) => dispatch({ type: 'participantsUpdated', participants }),
        speakersChanged: ({ speakers }) => dispatch({ type: 'speakersChanged', speakers }),
        connectionQuality: ({ updates }) => dispatch({ type: 'qualityChanged', updates }),
        roomUpdate: ({ recording }) => dispatch({ type: 'roomUpdated', recording }),
        trackPublished: (value) => publisher.published(value),
        requestResponse: (value) => publisher.refused(value),
        refreshToken: ({ token }) => on.token(token),
        mute({ sid, muted }) {
            const source = publisher.sourceOf(sid);
            // Only ever towards silence: a server must not be able to open a person's microphone.
            if (source && muted) on.muted(source);
        },
        trackUnpublished({ trackSid }) {
            const source = publisher.sourceOf(trackSid);
            if (source) on.withdrawn(source);
        },
        leave({ action, reason }) {
            const fault = leaveFault(reason);
            // RESUME too: this page always joins anew.
            end({ final: action === 'DISCONNECT', fault });
        },
    };

    const socket = openSocket(signalAddresses(ticket.base, ticket.token), {
        message: (kind, value) => handlers[kind](value),
        end,
    });

    return {
        publisher,
        connections: { publisher: publisher.pc, subscriber: subscriber.pc },
        /** Ends it with a farewell; `on.end` is not called. */
        leave() {
            send('leave', { reason: 'CLIENT_INITIATED' });
            close();
        },
    };
}
