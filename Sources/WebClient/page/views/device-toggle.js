// The button that turns the microphone or the camera on and off, before and in a meeting.

import { h, setAttribute, setText } from './dom.js';
import { changingIcon } from './icons.js';

const WORDS = {
    microphone: { on: 'control.mute', off: 'control.unmute' },
    camera: { on: 'control.cameraOff', off: 'control.cameraOn' },
};

/** @param {'microphone' | 'camera'} source @param {{toggleSource: (source: string) => void}} actions */
export function createDeviceToggle(source, actions) {
    const picture = changingIcon(`${source}Off`);
    const label = h('span.control-label');
    const element = h('button.control', {
        on: { click: () => actions.toggleSource(source) }, attributes: { type: 'button', 'data-control': source },
    }, picture.element, label);
    return {
        element,
        /** @param {import('../state/initial.js').LocalSource} local */
        update({ status, fault }, t) {
            const on = status !== 'off';
            picture.set(on ? source : `${source}Off`);
            setText(label, t(WORDS[source][on ? 'on' : 'off']));
            setAttribute(element, 'title', label.textContent);
            setAttribute(element, 'aria-busy', status === 'opening' ? 'true' : false);
            element.classList.toggle('off', !on);
            element.classList.toggle('troubled', Boolean(fault));
        },
    };
}
