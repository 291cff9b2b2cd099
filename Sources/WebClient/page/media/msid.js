// Which track a received media section carries: its stream id is `PA_…|TR_…` (livekit-wire.md 3.5).

/**
 * @param {object} section
 * @param {string} section.streamId id of the MediaStream, empty if none
 * @param {string} section.trackId id of the MediaStreamTrack
 * @param {?string} section.mid
 * @param {Record<string, string>} trackSids the last offer's map of mid to track sid
 * @returns {?{participantSid: string, trackSid: string}} null when it is nobody's
 */
export function ownerOf({ streamId, trackId, mid }, trackSids) {
    const [participantSid, second = ''] = streamId.split('|');
    if (!participantSid.startsWith('PA_')) return null;
    // A reused section keeps its old track id in some browsers, so the stream id is asked first.
    const trackSid = [second, (mid !== null && trackSids[mid]) || '', trackId].find((sid) => sid.startsWith('TR_'));
    return trackSid ? { participantSid, trackSid } : null;
}
