// The received tracks by their sid. The state only says that a track is here; views fetch it from here.

export function createRemoteTracks() {
    /** @type {Map<string, {track: MediaStreamTrack, mid: ?string}>} */
    const tracks = new Map();
    return {
        /** @param {string} trackSid @param {MediaStreamTrack} track @param {?string} mid */
        add(trackSid, track, mid) {
            // A section that is used again for another track: the old name for it is over.
            for (const [sid, known] of tracks) if (known.track === track) tracks.delete(sid);
            tracks.set(trackSid, { track, mid });
        },
        /** @returns {?MediaStreamTrack} */
        get: (trackSid) => (tracks.has(trackSid) ? tracks.get(trackSid).track : null),
        /** @returns {?string} the track a media section carries now */
        sidAt(mid) {
            for (const [sid, known] of tracks) if (known.mid === mid) return sid;
            return null;
        },
        clear: () => tracks.clear(),
    };
}
