// What is sent for each source: one encoding, with a ceiling that congestion control stays under.

/** Bits per second. 720p camera and 1080p slides look good at these; more is not visible in a meeting. */
const MAX_BITRATE = { CAMERA: 1_700_000, SCREEN_SHARE: 3_000_000, MICROPHONE: 48_000, SCREEN_SHARE_AUDIO: 128_000 };
const MAX_FRAMERATE = { CAMERA: 30, SCREEN_SHARE: 15 };

/** @param {string} source @returns {RTCRtpEncodingParameters[]} for `addTransceiver` */
export function encodingsFor(source) {
    const encoding = { maxBitrate: MAX_BITRATE[source] };
    if (MAX_FRAMERATE[source]) encoding.maxFramerate = MAX_FRAMERATE[source];
    return [encoding];
}

/**
 * The announcement of a track (AddTrackRequest, livekit-wire.md 4.2).
 * @param {string} source @param {MediaStreamTrack} track @param {boolean} muted
 */
export function addTrackRequest(source, track, muted) {
    const request = { cid: track.id, name: source.toLowerCase(), type: track.kind.toUpperCase(), source, muted };
    if (track.kind !== 'video') return request;
    const { width = 0, height = 0 } = track.getSettings();
    const layer = { quality: 'HIGH', width, height, bitrate: MAX_BITRATE[source] };
    return { ...request, width, height, layers: [layer] };
}
