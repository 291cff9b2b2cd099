// The page's icons, drawn on a 24 by 24 grid as strokes of the text's colour. Decorative: the words are beside them.

const SVG = 'http://www.w3.org/2000/svg';

/** Path data; a name ending in `Off` is its icon with a stroke across it. */
const PATHS = {
    microphone: [
        'M12 3a3 3 0 0 1 3 3v5.5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3z',
        'M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3',
    ],
    camera: [
        'M5.5 6.5h7a2.5 2.5 0 0 1 2.5 2.5v6a2.5 2.5 0 0 1-2.5 2.5h-7A2.5 2.5 0 0 1 3 15V9a2.5 2.5 0 0 1 2.5-2.5z',
        'M15 11l6-3.5v9L15 13',
    ],
    screen: [
        'M5 4.5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2z',
        'M12 13.5V8M9.5 10.3L12 7.8l2.5 2.5M8.5 20h7',
    ],
    people: [
        'M9 5.3a3.2 3.2 0 1 1 0 6.4 3.2 3.2 0 0 1 0-6.4z',
        'M3 19c.3-3.3 2.7-5 6-5s5.7 1.7 6 5',
        'M15.8 5.6a3.2 3.2 0 0 1 0 5.8',
        'M17.5 14.3c2.1.6 3.3 2.2 3.5 4.7',
    ],
    leave: [
        'M4.2 15.9c-1.3-1.2-1.3-3.2.2-4.5 2-1.7 4.6-2.6 7.6-2.6s5.6.9 7.6 2.6c1.5 1.3 1.5 3.3.2 4.5l-2.8-.6c-.5-.1-.9-.6-.9-1.1v-1.9c-2.7-.9-5.5-.9-8.2 0v1.9c0 .5-.4 1-.9 1.1z',
    ],
    link: [
        'M10.5 13.5a3.9 3.9 0 0 0 5.5 0l3-3a3.9 3.9 0 0 0-5.5-5.5l-1 1',
        'M13.5 10.5a3.9 3.9 0 0 0-5.5 0l-3 3a3.9 3.9 0 0 0 5.5 5.5l1-1',
    ],
    close: ['M6 6l12 12M18 6L6 18'],
    back: ['M14.5 5.5L8 12l6.5 6.5'],
    warning: ['M12 4.5l8.5 14.5h-17z', 'M12 10v4M12 16.5v.1'],
    weak: ['M5 19v-3M10 19v-6M15 19V9.5M20 19V6'],
    sound: [
        'M4 9.5h3.5L12 5.5v13l-4.5-4H4z',
        'M15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11',
    ],
    brand: ['M3 10c4.4 0 7-1.7 9-5 2 3.3 4.6 5 9 5', 'M6 13h12M7.5 13v7M12 13v7M16.5 13v7'],
};
PATHS.microphoneOff = [...PATHS.microphone, 'M4 4l16 16'];
PATHS.cameraOff = [...PATHS.camera, 'M4 4l16 16'];

/** @param {keyof typeof PATHS} name */
export function icon(name) {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    for (const data of PATHS[name]) {
        const path = document.createElementNS(SVG, 'path');
        path.setAttribute('d', data);
        svg.append(path);
    }
    return svg;
}

/** An icon that changes with the state. @returns {{element: Element, set: (name: keyof typeof PATHS) => void}} */
export function changingIcon(name) {
    const element = document.createElement('span');
    element.className = 'icon-holder';
    let shown = '';
    const set = (next) => {
        if (next === shown) return;
        shown = next;
        element.textContent = '';
        element.append(icon(next));
    };
    set(name);
    return { element, set };
}
