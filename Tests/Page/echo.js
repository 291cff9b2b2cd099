// A stand-in for a relay, in a tab of its own: takes the page's publisher connection and sends the same media back on
// the page's subscriber connection, as the tracks of somebody else.

const ECHO = 'PA_9';
const ECHO_SIDS = ['TR_e0', 'TR_e1', 'TR_e2', 'TR_e3', 'TR_e4', 'TR_e5'];

const incoming = new RTCPeerConnection();
const outgoing = new RTCPeerConnection();
let midToTrackId = {};

// Chromium pulls received audio only while something plays it.
incoming.ontrack = ({ track }) => {
    const player = new Audio();
    player.srcObject = new MediaStream([track]);
    player.muted = true;
    player.play();
};

/** Gives each sending section the msid that a relay would write. */
function withOwners(sdp) {
    const [head, ...sections] = sdp.split(/(?=^m=)/m);
    midToTrackId = {};
    return head + sections.map((section, index) => {
        const mid = section.match(/^a=mid:(\S+)/m)[1];
        if (!/^a=sendonly/m.test(section)) return section;
        midToTrackId[mid] = ECHO_SIDS[index];
        return section.replace(/msid:\S+ \S+/g, `msid:${ECHO}|${ECHO_SIDS[index]} ${ECHO_SIDS[index]}`);
    }).join('');
}

async function gathered(pc) {
    if (pc.iceGatheringState === 'complete') return;
    await new Promise((resolve) => {
        pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && resolve();
    });
}

globalThis.echo = {
    async answer(offer) {
        await incoming.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
        await incoming.setLocalDescription(await incoming.createAnswer());
        await gathered(incoming);
        return { type: 'answer', sdp: incoming.localDescription.sdp, id: offer.id };
    },
    /** An offer with everything that is received now; sections of ended tracks become inactive. */
    async offer() {
        incoming.getTransceivers().forEach(({ receiver, currentDirection }, index) => {
            const wanted = currentDirection === 'recvonly';
            const sender = outgoing.getTransceivers()[index];
            if (!sender) outgoing.addTransceiver(receiver.track, { direction: wanted ? 'sendonly' : 'inactive' });
            else sender.direction = wanted ? 'sendonly' : 'inactive';
        });
        await outgoing.setLocalDescription(await outgoing.createOffer());
        await gathered(outgoing);
        const sdp = withOwners(outgoing.localDescription.sdp);
        return { type: 'offer', sdp, id: 1, midToTrackId };
    },
    /** Which sections the page sends on now. */
    directions: () => incoming.getTransceivers().map(({ currentDirection }) => currentDirection === 'recvonly'),
    answered: ({ sdp }) => outgoing.setRemoteDescription({ type: 'answer', sdp }),
    candidate({ candidateInit, target }) {
        const pc = target === 'SUBSCRIBER' ? outgoing : incoming;
        return pc.addIceCandidate(JSON.parse(candidateInit)).catch(() => {});
    },
};
