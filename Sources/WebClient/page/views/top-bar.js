// The bar over the screens outside a meeting: whose page this is, and the language.

import { h } from './dom.js';
import { icon } from './icons.js';

/** The switch names the other language in that language. */
export function languageSwitch(actions) {
    return h('button.text-button', {
        on: { click: actions.switchLanguage },
        words: { text: 'app.language', label: 'app.languageLabel' },
        attributes: { type: 'button' },
    });
}

/** @param {Element} [start] what stands left instead of the brand */
export function topBar(actions, start) {
    const brand = h('span.brand', {}, icon('brand'), h('span', { words: { text: 'app.name' } }));
    return h('header.top-bar', {}, start || brand, languageSwitch(actions));
}
