// After a meeting: why it is over, and the ways on.

import { h, setShown, setText } from './dom.js';
import { faultWords } from './fault-box.js';
import { topBar } from './top-bar.js';

function button(style, words, onClick) {
    return h(`button.${style}`, { on: { click: onClick }, words: { text: words }, attributes: { type: 'button' } });
}

/** @param {{rejoin: () => void, goHome: () => void, switchLanguage: () => void}} actions */
export function createEnded(actions) {
    const title = h('h1', { attributes: { tabindex: '-1' } });
    const advice = h('p.lead');
    const element = h('div.entry.ended', {},
        topBar(actions),
        h('main.entry-main', {},
            h('div.home-card', {}, title, advice,
                h('div.button-row', {},
                    button('primary', 'ended.rejoin', actions.rejoin),
                    button('secondary', 'ended.home', actions.goHome)))));
    return {
        element,
        update({ fault }, t) {
            const words = fault ? faultWords(fault, t) : { title: t('ended.left'), advice: '' };
            setText(title, words.title);
            setText(advice, words.advice);
            setShown(advice, words.advice !== '');
        },
    };
}
