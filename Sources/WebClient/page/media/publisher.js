// The sending peer connection: tracks are announced first, then offered together; the server answers
// (livekit-wire.md 2.5, 4.2). One publication per source. A source keeps its publication while its track comes and
// goes (mute, another camera); only a screen share is really withdrawn.

import { trickleOf } from '../signaling/messages.js';
import { addTrackRequest, encodingsFor } from './encoding.js';

const ANNOUNCE_TIMEOUT_MS = 10_000;
/** The server's own watchdog for a negotiation has the same length. */
const ANSWER_TIMEOUT_MS = 15_000;

/**
 * @typedef {object} Publication
 * @property {string} source
 * @property {MediaStreamTrack} announced its id is the cid of the section, for good
 * @property {?MediaStreamTrack} track what is sent now
 * @property {boolean} muted
 * @property {boolean} mutedAtServer
 * @property {?string} sid
 * @property {?RTCRtpTransceiver} transceiver
 *
 * @param {object} options
 * @param {(kind: string, value: object) => void} options.send
 * @param {(state: RTCPeerConnectionState) => void} options.onState
 * @param {(error: Error) => void} options.onFailure the negotiation cannot go on
 */
export function createPublisher({ send, onState, onFailure }) {
    const pc = new RTCPeerConnection();
    /** @type {Map<string, Publication>} */
    const publications = new Map();
    /** @type {Map<string, (refusal: ?string) => void>} by cid */
    const waiting = new Map();
    let early = [];
    let offerId = 0;
    let negotiating = false;
    let negotiateAgain = false;
    let answerTimer = 0;

    pc.onicecandidate = ({ candidate }) => {
        if (candidate && candidate.candidate) send('trickle', trickleOf(candidate, 'PUBLISHER'));
    };
    pc.onconnectionstatechange = () => onState(pc.connectionState);

    const fail = (error) => {
        if (pc.signalingState !== 'closed') onFailure(error);
    };
    const add = (candidate) => pc.addIceCandidate(candidate).catch(() => {});

    async function negotiate() {
        if (negotiating) {
            negotiateAgain = true;
            return;
        }
        negotiating = true;
        await pc.setLocalDescription(await pc.createOffer());
        offerId += 1;
        answerTimer = setTimeout(() => fail(new Error('no answer')), ANSWER_TIMEOUT_MS);
        send('offer', { type: 'offer', sdp: pc.localDescription.sdp, id: offerId });
    }

    async function answered({ sdp, id }) {
        if (!negotiating || (id !== 0 && id !== offerId)) return;
        clearTimeout(answerTimer);
        await pc.setRemoteDescription({ type: 'answer', sdp });
        for (const candidate of early.splice(0)) await add(candidate);
        negotiating = false;
        if (!negotiateAgain) return;
        negotiateAgain = false;
        await negotiate();
    }

    /** @returns {Promise<?string>} why it was refused, or null */
    function announce(publication) {
        const { announced, source, muted } = publication;
        return new Promise((resolve) => {
            const timer = setTimeout(() => settle('TIMEOUT'), ANNOUNCE_TIMEOUT_MS);
            const settle = (refusal) => {
                clearTimeout(timer);
                waiting.delete(announced.id);
                resolve(refusal);
            };
            waiting.set(announced.id, settle);
            send('addTrack', addTrackRequest(source, announced, muted));
        });
    }

    function tellMuted(publication) {
        if (!publication.sid || publication.muted === publication.mutedAtServer) return;
        publication.mutedAtServer = publication.muted;
        send('mute', { sid: publication.sid, muted: publication.muted });
    }

    /** The publications of these items that were accepted get their sections; one offer for all of them. */
    async function publish(items) {
        const fresh = items.map(({ source, track, muted }) => ({
            source, announced: track, track, muted, mutedAtServer: muted, sid: null, transceiver: null,
        }));
        for (const publication of fresh) publications.set(publication.source, publication);
        const refusals = await Promise.all(fresh.map(announce));
        if (pc.signalingState === 'closed') return [];
        const stream = new MediaStream();
        let accepted = false;
        fresh.forEach((publication, index) => {
            // Withdrawn, or replaced, while the server was asked.
            if (publications.get(publication.source) !== publication) return;
            if (refusals[index]) return publications.delete(publication.source);
            accepted = true;
            publication.transceiver = pc.addTransceiver(publication.announced, {
                direction: 'sendonly', streams: [stream], sendEncodings: encodingsFor(publication.source),
            });
            if (publication.track !== publication.announced) replace(publication);
            tellMuted(publication);
        });
        if (accepted) await negotiate();
        return fresh.map(({ source }, index) => ({ source, reason: refusals[index] })).filter(({ reason }) => reason);
    }

    // Rejects only when the track does not fit the negotiated section, which cannot happen within one kind.
    const replace = ({ transceiver, track }) => transceiver.sender.replaceTrack(track).catch(fail);

    return {
        pc,
        /** @param {RTCIceServer[]} iceServers */
        configure(iceServers) {
            if (iceServers.length > 0) pc.setConfiguration({ iceServers });
        },
        /**
         * @param {{source: string, track: MediaStreamTrack, muted: boolean}[]} items sources not published yet
         * @returns {Promise<{source: string, reason: string}[]>} the refused ones
         */
        publish: (items) => publish(items).catch((error) => {
            fail(error);
            return [];
        }),
        has: (source) => publications.has(source),
        /** @returns {?string} */
        sourceOf: (trackSid) => {
            for (const { sid, source } of publications.values()) if (sid === trackSid) return source;
            return null;
        },
        /**
         * What the source sends from now on.
         * @param {string} source
         * @param {?MediaStreamTrack} track null sends nothing
         * @param {boolean} muted
         */
        update(source, track, muted) {
            const publication = publications.get(source);
            if (!publication) return;
            const changed = publication.track !== track;
            publication.track = track;
            publication.muted = muted;
            if (changed && publication.transceiver) replace(publication);
            tellMuted(publication);
        },
        /** There is no message for it: the section's direction tells the server. */
        unpublish(sources) {
            let changed = false;
            for (const source of sources) {
                const publication = publications.get(source);
                publications.delete(source);
                if (!publication || !publication.transceiver) continue;
                pc.removeTrack(publication.transceiver.sender);
                publication.transceiver.direction = 'inactive';
                changed = true;
            }
            if (changed) negotiate().catch(fail);
        },
        published({ cid, track }) {
            for (const publication of publications.values()) {
                if (publication.announced.id === cid) publication.sid = track.sid;
            }
            if (waiting.has(cid)) waiting.get(cid)(null);
        },
        refused({ cid, reason }) {
            // QUEUED: the answer comes later.
            if (reason !== 'OK' && reason !== 'QUEUED' && waiting.has(cid)) waiting.get(cid)(reason);
        },
        answered: (description) => answered(description).catch(fail),
        candidate(candidate) {
            if (pc.remoteDescription) add(candidate);
            else early.push(candidate);
        },
        close() {
            clearTimeout(answerTimer);
            pc.onconnectionstatechange = null;
            pc.close();
            for (const settle of [...waiting.values()]) settle('CLOSED');
        },
    };
}
