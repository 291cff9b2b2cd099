// The list of everybody in the meeting.

import { h, setAttribute, setChildren, setShown, setText } from './dom.js';
import { changingIcon, icon } from './icons.js';
import { createAvatar } from './avatar.js';
import { rosterLines } from '../state/selectors.js';

function createLine() {
    const avatar = createAvatar('small');
    const name = h('span.roster-name');
    const screen = h('span.roster-mark', {}, icon('screen'));
    const microphone = changingIcon('microphone');
    const camera = changingIcon('camera');
    const element = h('li.roster-line', {}, avatar.element, name, screen, camera.element, microphone.element);
    return {
        element,
        update(line, t) {
            const words = line.self ? t('meeting.you', { name: line.name }) : line.name;
            avatar.update(line.name, line.identity);
            setText(name, words);
            setShown(screen, line.sharing);
            microphone.set(line.audible ? 'microphone' : 'microphoneOff');
            camera.set(line.videoSid ? 'camera' : 'cameraOff');
            microphone.element.classList.toggle('off', !line.audible);
            camera.element.classList.toggle('off', !line.videoSid);
            element.classList.toggle('speaking', line.speaking && line.audible);
            const states = [words, t(line.audible ? 'meeting.unmuted' : 'meeting.muted'),
                t(line.videoSid ? 'meeting.cameraOn' : 'meeting.cameraOff')];
            if (line.sharing) states.push(t('meeting.presenting'));
            setAttribute(element, 'aria-label', states.join(', '));
        },
    };
}

/** @param {{toggleRoster: () => void}} actions */
export function createRoster(actions) {
    const title = h('h2');
    const list = h('ul.roster-list');
    const close = h('button.icon-button', {
        on: { click: actions.toggleRoster },
        words: { label: 'control.close', title: 'control.close' },
        attributes: { type: 'button' },
    }, icon('close'));
    const element = h('aside.roster', {
        words: { label: 'control.people' },
        on: { keydown: (event) => event.key === 'Escape' && actions.toggleRoster() },
    }, h('div.roster-head', {}, title, close), list);
    const lines = new Map();
    let wasOpen = false;
    return {
        element,
        update(state, t) {
            setShown(element, state.rosterOpen);
            if (state.rosterOpen) {
                const people = rosterLines(state);
                setText(title, t('roster.title', { count: people.length }));
                for (const sid of lines.keys()) if (!people.some((line) => line.sid === sid)) lines.delete(sid);
                setChildren(list, people.map((line) => {
                    if (!lines.has(line.sid)) lines.set(line.sid, createLine());
                    lines.get(line.sid).update(line, t);
                    return lines.get(line.sid).element;
                }));
            }
            if (state.rosterOpen && !wasOpen) close.focus();
            wasOpen = state.rosterOpen;
        },
    };
}
