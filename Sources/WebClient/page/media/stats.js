// A short answer from getStats for operators and tests: is media flowing, over what path, how well.

/**
 * @typedef {object} TransportSummary
 * @property {string} state
 * @property {?{local: string, remote: string, protocol: string, rttMs: ?number}} candidatePair ends as `type ip:port`
 * @property {?string} srtpCipher
 * @property {?string} dtlsState
 */

const milliseconds = (seconds) => (typeof seconds === 'number' ? Math.round(seconds * 1000) : null);

function ofType(report, type) {
    const found = [];
    report.forEach((entry) => {
        if (entry.type === type) found.push(entry);
    });
    return found;
}

/** @returns {TransportSummary} */
function transportSummary(pc, report) {
    const [transport = {}] = ofType(report, 'transport');
    const selected = report.get(transport.selectedCandidatePairId)
        || ofType(report, 'candidate-pair').find((pair) => pair.nominated && pair.state === 'succeeded');
    const side = (id) => {
        const { candidateType, address, port } = report.get(id) || {};
        return `${candidateType} ${address}:${port}`;
    };
    return {
        state: pc.connectionState,
        candidatePair: selected ? {
            local: side(selected.localCandidateId),
            remote: side(selected.remoteCandidateId),
            protocol: (report.get(selected.localCandidateId) || {}).protocol || '',
            rttMs: milliseconds(selected.currentRoundTripTime),
        } : null,
        srtpCipher: transport.srtpCipher || null,
        dtlsState: transport.dtlsState || null,
    };
}

function received(entry, owner) {
    const common = { ...owner, packetsReceived: entry.packetsReceived || 0, packetsLost: entry.packetsLost || 0 };
    if (entry.kind === 'audio') {
        return {
            ...common,
            totalAudioEnergy: entry.totalAudioEnergy || 0,
            totalSamplesReceived: entry.totalSamplesReceived || 0,
            concealedSamples: entry.concealedSamples || 0,
        };
    }
    return {
        ...common,
        framesDecoded: entry.framesDecoded || 0,
        framesDropped: entry.framesDropped || 0,
        keyFramesDecoded: entry.keyFramesDecoded || 0,
        frameWidth: entry.frameWidth || 0,
        frameHeight: entry.frameHeight || 0,
        freezeCount: entry.freezeCount || 0,
        totalFreezesMs: milliseconds(entry.totalFreezesDuration) || 0,
        nackCount: entry.nackCount || 0,
        pliCount: entry.pliCount || 0,
    };
}

function sent(entry, report) {
    const { mimeType = '' } = report.get(entry.codecId) || {};
    return {
        kind: entry.kind, mid: entry.mid, codec: mimeType, packetsSent: entry.packetsSent || 0,
        bytesSent: entry.bytesSent || 0, framesEncoded: entry.framesEncoded || 0, nackCount: entry.nackCount || 0,
        pliCount: entry.pliCount || 0, qualityLimitationReason: entry.qualityLimitationReason || null,
    };
}

/**
 * @param {object} options
 * @param {?{publisher: RTCPeerConnection, subscriber: RTCPeerConnection}} options.connections
 * @param {(mid: ?string) => ?string} options.trackSidAt
 * @param {import('../state/initial.js').State} options.state
 */
export async function collectStats({ connections, trackSidAt, state }) {
    const meeting = state.meeting;
    const summary = {
        joinToFirstFrameMs: meeting ? meeting.firstFrameMs : null,
        subscriber: null, publisher: null, remoteVideo: [], remoteAudio: [], local: [],
        totals: { framesDecoded: 0, audioEnergy: 0, freezes: 0, freezesMs: 0 },
    };
    if (!connections || !meeting) return summary;
    const { subscriber, publisher } = connections;
    const [incoming, outgoing] = await Promise.all([subscriber.getStats(), publisher.getStats()]);
    summary.subscriber = transportSummary(subscriber, incoming);
    summary.publisher = transportSummary(publisher, outgoing);
    summary.local = ofType(outgoing, 'outbound-rtp').map((entry) => sent(entry, outgoing));

    const owners = {};
    for (const { identity, name, tracks } of Object.values(meeting.participants)) {
        for (const { sid, source } of tracks) owners[sid] = { trackSid: sid, source, identity, name };
    }
    for (const entry of ofType(incoming, 'inbound-rtp')) {
        const owner = owners[trackSidAt(entry.mid)];
        if (!owner) continue;
        const line = received(entry, owner);
        (entry.kind === 'audio' ? summary.remoteAudio : summary.remoteVideo).push(line);
        summary.totals.audioEnergy += line.totalAudioEnergy || 0;
        summary.totals.framesDecoded += line.framesDecoded || 0;
        summary.totals.freezes += line.freezeCount || 0;
        summary.totals.freezesMs += line.totalFreezesMs || 0;
    }
    return summary;
}
