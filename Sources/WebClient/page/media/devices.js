// The browser's cameras and microphones: what there is and opening one. It keeps nothing; local-media.js does.

/** What is asked of a camera. Ideal values only, so that any camera will do. */
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const MICROPHONE = {
    echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: { ideal: 1 },
};

/** Why this page cannot take part at all, as a fault code, or null. */
export function missingSupport() {
    if (typeof RTCPeerConnection !== 'function' || typeof WebSocket !== 'function') return 'unsupported-browser';
    if (!globalThis.isSecureContext) return 'insecure-page';
    return navigator.mediaDevices && navigator.mediaDevices.getUserMedia ? null : 'unsupported-browser';
}

export const canShareScreen = () => Boolean(navigator.mediaDevices && navigator.mediaDevices.getDisplayMedia);

/**
 * Labels are empty until the person has allowed a device.
 * @returns {Promise<{cameras: {id: string, label: string}[], microphones: {id: string, label: string}[]}>}
 */
export async function listDevices() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const ofKind = (kind) => devices.filter((device) => device.kind === kind && device.deviceId)
        .map(({ deviceId, label }) => ({ id: deviceId, label }));
    return { cameras: ofKind('videoinput'), microphones: ofKind('audioinput') };
}

// Ideal and not exact: a remembered device that is not plugged in today must not be an error.
const preferring = (id, constraints) => (id ? { ...constraints, deviceId: { ideal: id } } : constraints);

/**
 * One request for both, so that the browser asks once.
 * @param {{cameraId?: string, microphoneId?: string, camera: boolean, microphone: boolean}} wanted
 * @returns {Promise<{camera: ?MediaStreamTrack, microphone: ?MediaStreamTrack}>} rejects as getUserMedia does
 */
export async function openDevices({ cameraId, microphoneId, camera, microphone }) {
    const stream = await navigator.mediaDevices.getUserMedia({
        video: camera ? preferring(cameraId, CAMERA) : false,
        audio: microphone ? preferring(microphoneId, MICROPHONE) : false,
    });
    return { camera: stream.getVideoTracks()[0] || null, microphone: stream.getAudioTracks()[0] || null };
}

/**
 * Lets the person choose a screen, window or tab.
 * @returns {Promise<{video: MediaStreamTrack, audio: ?MediaStreamTrack}>} rejects as getDisplayMedia does
 */
export async function openScreen() {
    const stream = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { ideal: 15, max: 30 } },
        // Shared music is not a voice to be cleaned; the meeting's own sound must not come back to it.
        audio: {
            echoCancellation: false, noiseSuppression: false, autoGainControl: false, restrictOwnAudio: true,
        },
        systemAudio: 'include',
        selfBrowserSurface: 'exclude',
    });
    const [video] = stream.getVideoTracks();
    // Text must stay sharp; the encoder gives up frames before pixels.
    video.contentHint = 'detail';
    return { video, audio: stream.getAudioTracks()[0] || null };
}
