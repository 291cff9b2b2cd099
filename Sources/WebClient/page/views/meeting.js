// The screen of a running meeting: header, stage, roster, controls.

import { h, setAttribute, setShown, setText } from './dom.js';
import { changingIcon, icon } from './icons.js';
import { createDeviceToggle } from './device-toggle.js';
import { createRoster } from './roster.js';
import { createStage } from './stage.js';
import { languageSwitch } from './top-bar.js';
import { connectionWord } from '../state/selectors.js';

function createControl(name, picture, onClick, style = '') {
    const holder = changingIcon(picture);
    const label = h('span.control-label');
    const element = h(`button.control${style}`, {
        on: { click: onClick }, attributes: { type: 'button', 'data-control': name },
    }, holder.element, label);
    return {
        element,
        label(words) {
            setText(label, words);
            setAttribute(element, 'title', words);
        },
    };
}

/** A line over the stage with one thing to do about it. */
function createBanner(role, picture, words, buttonWords, onClick) {
    const button = h('button.text-button', {
        on: { click: onClick }, words: { text: buttonWords }, attributes: { type: 'button' },
    });
    return h('div.banner', { attributes: { role } }, icon(picture), h('span', { words: { text: words } }), button);
}

function createHeader(actions) {
    const room = h('h1.room-code', { attributes: { tabindex: '-1' } });
    const words = h('span.connection-words');
    const connection = h('span.connection', { attributes: { role: 'status' } }, h('span.dot'), words);
    const recording = h('span.recording', {}, h('span.dot'), h('span', { words: { text: 'meeting.recording' } }));
    const copy = h('button.text-button.copy', {
        on: { click: actions.copyLink },
        words: { label: 'control.copyLink', title: 'control.copyLink' },
        attributes: { type: 'button' },
    }, icon('link'), h('span.copy-words', { words: { text: 'control.copyLink' } }));
    return {
        element: h('header.meeting-header', {}, room, copy, recording, connection, languageSwitch(actions)),
        update(state, t) {
            setText(room, state.room);
            setAttribute(room, 'title', state.room);
            const word = connectionWord(state);
            setText(words, t(`connection.${word}`));
            connection.dataset.word = word;
            setShown(recording, state.meeting.recording);
        },
    };
}

/** @param {object} actions see main.js @param {object} media see stage.js */
export function createMeeting(actions, media) {
    const header = createHeader(actions);
    const stage = createStage(media, actions.remoteFrameShown);
    const roster = createRoster(actions);
    const microphone = createDeviceToggle('microphone', actions);
    const camera = createDeviceToggle('camera', actions);
    const share = createControl('screen', 'screen', actions.toggleScreen);
    const people = createControl('people', 'people', actions.toggleRoster);
    const leave = createControl('leave', 'leave', actions.leave, '.danger');
    const count = h('span.badge', { attributes: { 'aria-hidden': 'true' } });
    people.element.append(count);

    const sharing = createBanner('status', 'screen', 'meeting.sharing', 'control.stopShare', actions.toggleScreen);
    const blocked = createBanner('alert', 'sound', 'meeting.playSoundHint', 'meeting.playSound', actions.resumeSound);
    const alone = h('p.alone', { words: { text: 'meeting.alone' } });
    const element = h('div.meeting', {},
        header.element,
        h('div.banners', {}, sharing, blocked, alone),
        h('main.meeting-body', {}, stage.element, roster.element),
        h('div.controls', { words: { label: 'control.toolbar' }, attributes: { role: 'toolbar' } },
            microphone.element, camera.element, share.element, people.element, leave.element));
    let rosterWasOpen = false;

    return {
        element,
        /** @param {import('../state/initial.js').State} state */
        update(state, t) {
            const { local, meeting } = state;
            header.update(state, t);
            microphone.update(local.microphone, t);
            camera.update(local.camera, t);
            setShown(share.element, local.canShareScreen);
            share.label(t(local.screen.status === 'on' ? 'control.stopShare' : 'control.share'));
            share.element.classList.toggle('active', local.screen.status === 'on');
            setAttribute(share.element, 'aria-busy', local.screen.status === 'opening' ? 'true' : false);
            people.label(t('control.people'));
            setAttribute(people.element, 'aria-expanded', String(state.rosterOpen));
            leave.label(t('control.leave'));
            const size = Object.keys(meeting.participants).length;
            setText(count, String(size));
            setShown(count, size > 0);
            setShown(sharing, local.screen.status === 'on');
            setShown(blocked, state.playbackBlocked);
            setShown(alone, meeting.phase === 'connected' && size === 1 && local.screen.status !== 'on');
            roster.update(state, t);
            stage.update(state, t);
            if (rosterWasOpen && !state.rosterOpen) people.element.focus();
            rosterWasOpen = state.rosterOpen;
        },
    };
}
