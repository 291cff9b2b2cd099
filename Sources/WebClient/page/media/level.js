// How loud the microphone is right now, for the meter before joining. In the meeting the server tells who speaks.

/** Speech sits between these, in decibels below full scale. */
const QUIET_DB = -60;
const LOUD_DB = -15;

/** @param {Float32Array} samples @returns {number} 0…1 */
export function levelOf(samples) {
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    const decibels = 10 * Math.log10(sum / samples.length + 1e-12);
    return Math.min(1, Math.max(0, (decibels - QUIET_DB) / (LOUD_DB - QUIET_DB)));
}

/**
 * @param {(level: number) => void} show called per animation frame while a track is watched
 * @returns {{watch: (track: ?MediaStreamTrack) => void}}
 */
export function createLevelMeter(show) {
    let context = null;
    let source = null;
    let watched = null;
    let frame = 0;

    function stop() {
        cancelAnimationFrame(frame);
        if (source) source.disconnect();
        source = null;
        show(0);
    }

    return {
        watch(track) {
            if (track === watched) return;
            watched = track;
            stop();
            if (!track) {
                if (context) context.close();
                context = null;
                return;
            }
            if (!context) {
                context = new AudioContext();
                // Before the first click the browser keeps it suspended.
                const wake = () => context && context.resume();
                for (const event of ['pointerdown', 'keydown']) addEventListener(event, wake, { once: true });
            }
            const analyser = context.createAnalyser();
            analyser.fftSize = 1024;
            const samples = new Float32Array(analyser.fftSize);
            source = context.createMediaStreamSource(new MediaStream([track]));
            source.connect(analyser);
            const draw = () => {
                analyser.getFloatTimeDomainData(samples);
                show(levelOf(samples));
                frame = requestAnimationFrame(draw);
            };
            draw();
        },
    };
}
