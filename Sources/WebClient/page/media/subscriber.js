// The receiving peer connection: the server offers, this answers (livekit-wire.md 2.5, 3.7).

import { trickleOf } from '../signaling/messages.js';
import { ownerOf } from './msid.js';

/**
 * @param {object} options
 * @param {(kind: string, value: object) => void} options.send
 * @param {(trackSid: string, track: MediaStreamTrack, mid: ?string) => void} options.onTrack
 * @param {(state: RTCPeerConnectionState) => void} options.onState
 * @param {(error: Error) => void} options.onFailure an offer could not be applied
 */
export function createSubscriber({ send, onTrack, onState, onFailure }) {
    const pc = new RTCPeerConnection();
    /** @type {Record<string, string>} */
    let trackSids = {};
    let early = [];
    // Offers are answered one after another, in their order.
    let turn = Promise.resolve();

    pc.onicecandidate = ({ candidate }) => {
        if (candidate && candidate.candidate) send('trickle', trickleOf(candidate, 'SUBSCRIBER'));
    };
    pc.onconnectionstatechange = () => onState(pc.connectionState);
    pc.ontrack = ({ track, streams, transceiver }) => {
        const section = { streamId: streams[0] ? streams[0].id : '', trackId: track.id, mid: transceiver.mid };
        const owner = ownerOf(section, trackSids);
        if (owner) onTrack(owner.trackSid, track, transceiver.mid);
    };

    async function answer(offer) {
        // Set before the description: `ontrack` fires while it is applied.
        trackSids = { ...trackSids, ...offer.trackSids };
        await pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
        for (const candidate of early.splice(0)) await add(candidate);
        await pc.setLocalDescription(await pc.createAnswer());
        send('answer', { type: 'answer', sdp: pc.localDescription.sdp, id: offer.id });
    }

    // A candidate that this browser cannot use is one path less, not a failure.
    const add = (candidate) => pc.addIceCandidate(candidate).catch(() => {});

    return {
        pc,
        /** @param {RTCIceServer[]} iceServers */
        configure(iceServers) {
            if (iceServers.length > 0) pc.setConfiguration({ iceServers });
        },
        offered(offer) {
            turn = turn.then(() => answer(offer)).catch((error) => {
                if (pc.signalingState !== 'closed') onFailure(error);
            });
        },
        candidate(candidate) {
            if (pc.remoteDescription) add(candidate);
            else early.push(candidate);
        },
        close() {
            pc.onconnectionstatechange = null;
            pc.close();
        },
    };
}
