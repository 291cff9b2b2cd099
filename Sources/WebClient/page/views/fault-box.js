// What went wrong and what to do, in a box within a screen.

import { h, setShown, setText } from './dom.js';
import { icon } from './icons.js';

/** Texts of a fault. @param {(key: string, params?: object) => string} t */
export function faultWords(fault, t) {
    const params = { ...fault.params };
    if (params.source) params.source = t(`source.${params.source}`);
    return { title: t(`fault.${fault.code}.title`, params), advice: t(`fault.${fault.code}.advice`, params) };
}

/** @param {'alert' | 'status'} role alert interrupts a screen reader */
export function createFaultBox(role) {
    const title = h('strong');
    const advice = h('p');
    const element = h('div.fault-box', { attributes: { role } }, icon('warning'), h('div', {}, title, advice));
    return {
        element,
        /** @param {?import('../state/initial.js').Fault} fault */
        update(fault, t, prefix = '') {
            setShown(element, Boolean(fault));
            if (!fault) return;
            const words = faultWords(fault, t);
            setText(title, prefix ? `${prefix}: ${words.title}` : words.title);
            setText(advice, words.advice);
        },
    };
}
