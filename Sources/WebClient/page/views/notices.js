// The stack of short messages over the screen.

import { h, setAttribute, setChildren, setText } from './dom.js';
import { icon } from './icons.js';
import { faultWords } from './fault-box.js';

function createNotice(notice, dismiss) {
    const title = h('strong');
    const advice = h('p');
    const problem = notice.tone === 'problem';
    const close = h('button.icon-button', {
        on: { click: () => dismiss(notice.id) }, attributes: { type: 'button' },
    }, icon('close'));
    const body = h('div', {}, title);
    if (problem) body.append(advice);
    const element = h(`div.notice.${notice.tone}`, { attributes: { role: problem ? 'alert' : 'status' } }, body, close);
    return {
        element,
        update(t) {
            const words = problem ? faultWords(notice, t)
                : { title: t(`notice.${notice.code}`, notice.params), advice: '' };
            setText(title, words.title);
            setText(advice, words.advice);
            setAttribute(close, 'aria-label', t('control.close'));
        },
    };
}

/** @param {(id: number) => void} dismiss */
export function createNoticeList(dismiss) {
    const element = h('div.notices');
    const shown = new Map();
    return {
        element,
        update({ notices }, t) {
            for (const id of shown.keys()) if (!notices.some((notice) => notice.id === id)) shown.delete(id);
            setChildren(element, notices.map((notice) => {
                if (!shown.has(notice.id)) shown.set(notice.id, createNotice(notice, dismiss));
                shown.get(notice.id).update(t);
                return shown.get(notice.id).element;
            }));
        },
    };
}
