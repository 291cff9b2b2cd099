// This page's own camera and microphone: open, closed, muted, changed. It reports to the store and to whoever
// publishes the tracks, and knows nothing of the meeting. A muted microphone stays open, so that speaking again is
// immediate; a camera that is off is released, so that its light goes out.

import { deviceFault } from '../state/faults.js';
import { listDevices, missingSupport, openDevices } from './devices.js';

/**
 * @param {object} options
 * @param {(event: {type: string}) => void} options.dispatch
 * @param {() => {cameraId: string, microphoneId: string}} options.chosen the devices a person chose
 */
export function createLocalMedia({ dispatch, chosen }) {
    /** @type {Record<string, ?MediaStreamTrack>} */
    const tracks = { camera: null, microphone: null };
    // Counts requests per source: an answer to an older one is not wanted any more.
    const turn = { camera: 0, microphone: 0 };
    let changed = () => {};

    function report(source, status, fault = null) {
        dispatch({ type: 'localSourceChanged', source, status, fault });
    }

    function adopt(source, track) {
        if (tracks[source]) tracks[source].stop();
        tracks[source] = track;
        track.onended = () => {
            if (tracks[source] !== track) return;
            tracks[source] = null;
            report(source, 'off', 'device-lost');
            changed(source);
        };
        report(source, 'on');
        changed(source);
    }

    function release(source) {
        if (tracks[source]) tracks[source].stop();
        tracks[source] = null;
    }

    async function open(sources) {
        const support = missingSupport();
        if (support) return sources.forEach((source) => report(source, 'off', support));
        const turns = sources.map((source) => {
            report(source, 'opening');
            return ++turn[source];
        });
        const wanted = (source) => turn[source] === turns[sources.indexOf(source)];
        try {
            const opened = await openDevices({
                ...chosen(), camera: sources.includes('camera'), microphone: sources.includes('microphone'),
            });
            for (const source of sources) {
                if (wanted(source)) adopt(source, opened[source]);
                else opened[source].stop();
            }
            dispatch({ type: 'devicesListed', ...await listDevices() });
        } catch (error) {
            // Together is one question to the person; one missing device must not cost the other.
            const still = sources.filter(wanted);
            if (sources.length > 1) await Promise.all(still.map((source) => open([source])));
            else if (still.length > 0) report(still[0], 'off', deviceFault(error));
        }
    }

    function close(source) {
        turn[source] += 1;
        if (source === 'microphone' && tracks.microphone) tracks.microphone.enabled = false;
        else release(source);
        report(source, 'off');
        changed(source);
    }

    return {
        /** Opens both with one question. */
        openBoth: () => open(['camera', 'microphone']),
        /** @param {'camera' | 'microphone'} source @param {boolean} on */
        async set(source, on) {
            if (!on) return close(source);
            const track = tracks[source];
            if (!track) return open([source]);
            track.enabled = true;
            report(source, 'on');
            changed(source);
        },
        /** Opens the newly chosen device, if the source is in use. */
        async reopen(source) {
            const track = tracks[source];
            if (!track) return;
            if (track.enabled) return open([source]);
            // Muted: the next unmute opens the chosen one.
            release(source);
            changed(source);
        },
        /** @returns {?MediaStreamTrack} */
        track: (source) => tracks[source],
        /** @param {(source: 'camera' | 'microphone') => void} listener after each change of a track or its use */
        onChange(listener) {
            changed = listener;
        },
        /** Gives both devices back. */
        closeAll() {
            for (const source of ['camera', 'microphone']) {
                turn[source] += 1;
                release(source);
                report(source, 'off');
            }
        },
        /** Reads the list again, for example when something was plugged in. */
        async refreshDevices() {
            if (!missingSupport()) dispatch({ type: 'devicesListed', ...await listDevices() });
        },
    };
}
