// Every screen without a server: the real reducer and views, fed with events; drawn pictures stand in for cameras.

import { createStore } from '/state/store.js';
import { initialState } from '/state/initial.js';
import { reduce } from '/state/reducer.js';
import { createApp } from '/views/app.js';

const NAMES = [
    '王小明', 'Ada Lovelace', '李雷', 'Grace Hopper', '欧阳若晴', 'Jean-Baptiste Fourier de la Montagne-Longue', '韩梅梅',
    'Linus', '陈思远', 'Katherine Johnson', '赵敏', 'Tu Youyou',
];

/** A person before a wall, or a slide: enough to judge cropping, mirroring and contrast. */
function drawn(kind, hue) {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = kind === 'screen' ? [1280, 720] : [640, 360];
    const pen = canvas.getContext('2d');
    const { width, height } = canvas;
    if (kind === 'screen') {
        pen.fillStyle = '#fbfcfb';
        pen.fillRect(0, 0, width, height);
        pen.fillStyle = '#17211e';
        pen.font = '600 54px sans-serif';
        pen.fillText('Quarterly plan 季度计划', 90, 150);
        pen.font = '30px sans-serif';
        ['Relay in production', '300 people in one room', '屏幕共享与录制'].forEach((line, index) => {
            pen.fillText(`• ${line}`, 110, 250 + index * 70);
        });
        pen.fillStyle = '#0b6e62';
        [90, 150, 120, 220, 260].forEach((bar, index) => pen.fillRect(760 + index * 80, 560 - bar, 54, bar));
    } else {
        const wall = pen.createLinearGradient(0, 0, width, height);
        wall.addColorStop(0, `hsl(${hue} 28% 62%)`);
        wall.addColorStop(1, `hsl(${hue} 30% 34%)`);
        pen.fillStyle = wall;
        pen.fillRect(0, 0, width, height);
        pen.fillStyle = `hsl(${(hue + 150) % 360} 30% 30%)`;
        pen.beginPath();
        pen.ellipse(width / 2, height + 40, 150, 170, 0, 0, 7);
        pen.fill();
        pen.fillStyle = `hsl(25 40% ${48 + (hue % 30)}%)`;
        pen.beginPath();
        pen.ellipse(width / 2, 150, 62, 78, 0, 0, 7);
        pen.fill();
    }
    const [track] = canvas.captureStream(5).getVideoTracks();
    // A still canvas sends one frame only, before anybody listens.
    setInterval(() => pen.fillRect(0, 0, 1, 1), 100);
    return track;
}

const pictures = new Map();
const picture = (name, hue) => {
    if (!pictures.has(name)) pictures.set(name, drawn(name.startsWith('TR_s') ? 'screen' : 'camera', hue));
    return pictures.get(name);
};

/** Twelve faces are enough for any number of people, and a slide. */
function remotePicture(sid) {
    if (!/^TR_[vs]/.test(sid)) return null;
    const face = Number(sid.slice(4)) % 12;
    return picture(`${sid.slice(0, 4)}${face}`, (face * 53) % 360);
}

const asked = [];
const NAMES_OF_ACTIONS = [
    'switchLanguage', 'startMeeting', 'joinByCode', 'goHome', 'rejoin', 'changeName', 'chooseDevice', 'toggleSource',
    'join', 'leave', 'toggleScreen', 'toggleRoster', 'copyLink', 'dismissNotice', 'playbackBlocked', 'remoteFrameShown',
];
const plain = (value) => typeof value === 'string' || typeof value === 'boolean';
const actions = Object.fromEntries(NAMES_OF_ACTIONS.map((name) => [name, (...given) => {
    asked.push([name, ...given.filter(plain)]);
    return name !== 'joinByCode';
}]));

let store = null;
let app = null;

function person(index) {
    const picture = { kind: 'video', width: 640, height: 360 };
    const camera = { ...picture, sid: `TR_v${index}`, source: 'CAMERA', muted: index % 4 === 3 };
    const sound = { kind: 'audio', width: 0, height: 0 };
    const microphone = { ...sound, sid: `TR_m${index}`, source: 'MICROPHONE', muted: index % 3 === 2 };
    return {
        sid: `PA_${index}`, identity: `id${index}`, name: NAMES[index % NAMES.length], state: 'ACTIVE', version: 1,
        joinedAt: index, tracks: [camera, microphone],
    };
}

/** The events of a meeting of `count` people, this page's included. */
function meetingOf(count, { share = false, transport = 'connected' } = {}) {
    const others = Array.from({ length: count - 1 }, (_, index) => person(index));
    const slides = { sid: 'TR_s0', kind: 'video', source: 'SCREEN_SHARE', muted: false, width: 1280, height: 720 };
    if (share) others[0].tracks.push(slides);
    const self = { ...person(99), name: '林知夏', tracks: [] };
    return [
        { type: 'roomChosen', room: 'bako-dime-zuto' },
        { type: 'localSourceChanged', source: 'camera', status: 'on' },
        { type: 'localSourceChanged', source: 'microphone', status: 'on' },
        { type: 'joinPressed' },
        { type: 'admitted', self, others, recording: false },
        { type: 'transportChanged', transport },
        ...others.flatMap(({ tracks }) => tracks)
            .filter(({ kind }) => kind === 'video')
            .map(({ sid }) => ({ type: 'mediaArrived', trackSid: sid })),
        { type: 'speakersChanged', speakers: [{ sid: 'PA_1', level: 0.6, active: true }] },
        { type: 'qualityChanged', updates: [{ sid: 'PA_0', quality: 'POOR' }] },
    ];
}

globalThis.gallery = {
    meetingOf,
    asked,
    state: () => store.state(),
    dispatch: (events) => events.forEach((event) => store.dispatch(event)),
    /** @param {object} given parts of the state @param {{type: string}[]} events @param {boolean} [canShareScreen] */
    show(given, events, canShareScreen = true) {
        document.getElementById('app').textContent = '';
        asked.length = 0;
        store = createStore(reduce, initialState({ local: { ...initialState().local, canShareScreen }, ...given }));
        events.forEach(store.dispatch);
        app = createApp(document.getElementById('app'), actions, {
            localTrack: (source) => (source === 'camera' ? picture('self', 160) : null),
            remoteTrack: remotePicture,
        });
        store.subscribe(app.update);
    },
};
document.documentElement.dataset.ready = 'true';
