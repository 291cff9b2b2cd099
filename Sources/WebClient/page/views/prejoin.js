// The screen before a meeting: how I look and sound, which devices, my name.

import { h, setAttribute, setChildren, setShown, setText, showTrack } from './dom.js';
import { icon } from './icons.js';
import { createAvatar } from './avatar.js';
import { createFaultBox } from './fault-box.js';
import { createDeviceToggle } from './device-toggle.js';
import { topBar } from './top-bar.js';
import { createLevelMeter } from '../media/level.js';

/** Server and client agree on it: longer names are refused at the door. */
const MAX_NAME_LENGTH = 64;

function createDeviceSelect(source, actions) {
    const select = h('select', {
        on: { change: () => actions.chooseDevice(source, select.value) },
        attributes: { id: `${source}-select` },
    });
    const element = h('div.field', {},
        h('label', { words: { text: `prejoin.${source}` }, attributes: { for: `${source}-select` } }), select);
    let shown = '';
    return {
        element,
        update(devices, chosenId, t) {
            setShown(element, devices.length > 0);
            const options = devices.map(({ id, label }, index) =>
                [id, label || t('prejoin.unnamedDevice', { number: index + 1 })]);
            if (!devices.some(({ id }) => id === chosenId)) options.unshift(['', t('prejoin.defaultDevice')]);
            const wanted = JSON.stringify(options);
            if (wanted !== shown) {
                shown = wanted;
                setChildren(select, options.map(([value, words]) => h('option', { attributes: { value } }, words)));
            }
            const value = devices.some(({ id }) => id === chosenId) ? chosenId : '';
            if (select.value !== value) select.value = value;
        },
    };
}

/**
 * @param {object} actions see main.js
 * @param {(source: 'camera' | 'microphone') => ?MediaStreamTrack} localTrack
 */
export function createPrejoin(actions, localTrack) {
    const video = h('video.mirrored', {
        words: { label: 'prejoin.preview' }, attributes: { playsinline: true, autoplay: true },
    });
    video.muted = true;
    const avatar = createAvatar();
    const cameraWords = h('p');
    const off = h('div.preview-off', {}, avatar.element, cameraWords);
    const microphone = createDeviceToggle('microphone', actions);
    const camera = createDeviceToggle('camera', actions);
    const level = h('div.level', {
        words: { label: 'prejoin.level' }, attributes: { role: 'meter', 'aria-valuemin': '0', 'aria-valuemax': '100' },
    }, h('span.level-bar'));
    const meter = createLevelMeter((value) => {
        level.firstElementChild.style.setProperty('--level', value.toFixed(3));
        setAttribute(level, 'aria-valuenow', String(Math.round(value * 100)));
    });
    const sourceFaults = { camera: createFaultBox('status'), microphone: createFaultBox('status') };
    const selects = {
        camera: createDeviceSelect('camera', actions), microphone: createDeviceSelect('microphone', actions),
    };

    const name = h('input', {
        words: { placeholder: 'prejoin.namePlaceholder' },
        on: { input: () => actions.changeName(name.value) },
        attributes: {
            id: 'name', name: 'name', autocomplete: 'name', maxlength: String(MAX_NAME_LENGTH), required: true,
            enterkeyhint: 'go',
        },
    });
    const nameFixed = h('p.hint', { words: { text: 'prejoin.nameFixed' } });
    const room = h('span.room-code');
    const fault = createFaultBox('alert');
    const listenOnly = h('p.hint', { words: { text: 'prejoin.listenOnly' } });
    const joinButton = h('button.primary.large', { words: { text: 'prejoin.join' }, attributes: { type: 'submit' } });
    const submit = (event) => {
        event.preventDefault();
        if (name.value.trim()) actions.join();
        else name.focus();
    };

    const back = h('button.icon-button.back', {
        on: { click: actions.goHome },
        words: { label: 'prejoin.back', title: 'prejoin.back' },
        attributes: { type: 'button' },
    }, icon('back'));
    const preview = h('div.preview', {}, video, off, level,
        h('div.preview-controls', {}, microphone.element, camera.element));
    const form = h('form.prejoin-form', { on: { submit }, attributes: { novalidate: true } },
        h('h1', { words: { text: 'prejoin.title' }, attributes: { tabindex: '-1' } }),
        h('p.room-line', {}, h('span', { words: { text: 'prejoin.room' } }), room),
        h('div.field', {},
            h('label', { words: { text: 'prejoin.name' }, attributes: { for: 'name' } }), name, nameFixed),
        selects.camera.element, selects.microphone.element, fault.element, listenOnly, joinButton);
    const element = h('div.entry.prejoin', {}, topBar(actions, back),
        h('main.entry-main', {},
            h('section.prejoin-card', {},
                h('div.preview-column', {}, preview, sourceFaults.camera.element, sourceFaults.microphone.element),
                form)));

    function updateSources(state, t) {
        const { local, devices } = state;
        const cameraOn = local.camera.status === 'on';
        setShown(video, cameraOn);
        setShown(off, !cameraOn);
        showTrack(video, cameraOn ? localTrack('camera') : null);
        avatar.update(state.name || '?', state.name);
        setText(cameraWords, t(local.camera.status === 'opening' ? 'prejoin.cameraOpening' : 'prejoin.cameraOff'));
        microphone.update(local.microphone, t);
        camera.update(local.camera, t);
        setShown(level, local.microphone.status === 'on');
        meter.watch(local.microphone.status === 'on' ? localTrack('microphone') : null);
        // The same trouble with both is said once.
        const same = local.camera.fault && local.camera.fault === local.microphone.fault;
        const both = `${t('prejoin.camera')} · ${t('prejoin.microphone')}`;
        const words = (source) => (same ? both : t(`prejoin.${source}`));
        for (const source of ['camera', 'microphone']) {
            const code = source === 'microphone' && same ? null : local[source].fault;
            sourceFaults[source].update(code && { code }, t, words(source));
        }
        selects.camera.update(devices.cameras, devices.cameraId, t);
        selects.microphone.update(devices.microphones, devices.microphoneId, t);
        const nothing = local.camera.status === 'off' && local.microphone.status === 'off';
        setShown(listenOnly, nothing && !state.fault);
    }

    return {
        element,
        /** @param {import('../state/initial.js').State} state */
        update(state, t) {
            updateSources(state, t);
            setText(room, state.room);
            if (name.value !== state.name) name.value = state.name;
            name.readOnly = state.nameFixed;
            setShown(nameFixed, state.nameFixed);
            setAttribute(joinButton, 'aria-disabled', state.name.trim() ? false : 'true');
            fault.update(state.fault, t);
        },
        leave() {
            meter.watch(null);
            showTrack(video, null);
        },
    };
}
