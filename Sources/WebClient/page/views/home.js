// The first screen: start a meeting or join one by its code.

import { h, setAttribute } from './dom.js';
import { icon } from './icons.js';
import { topBar } from './top-bar.js';

/**
 * @param {{startMeeting: () => void, joinByCode: (text: string) => boolean, switchLanguage: () => void}} actions
 */
export function createHome(actions) {
    const code = h('input', {
        words: { placeholder: 'home.codePlaceholder' },
        on: { input: () => setAttribute(code, 'aria-invalid', false) },
        attributes: {
            id: 'code', name: 'code', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: '512',
            enterkeyhint: 'go',
        },
    });
    const join = (event) => {
        event.preventDefault();
        if (actions.joinByCode(code.value)) {
            code.value = '';
            return;
        }
        setAttribute(code, 'aria-invalid', 'true');
        code.focus();
    };
    const element = h('div.entry.home', {},
        topBar(actions),
        h('main.entry-main', {},
            h('div.home-card', {},
                h('h1', { words: { text: 'home.title' }, attributes: { tabindex: '-1' } }),
                h('p.lead', { words: { text: 'home.subtitle' } }),
                h('button.primary.large', { on: { click: actions.startMeeting }, attributes: { type: 'button' } },
                    icon('camera'), h('span', { words: { text: 'home.start' } })),
                h('p.divider', {}, h('span', { words: { text: 'home.or' } })),
                h('form.join-form', { on: { submit: join }, attributes: { novalidate: true } },
                    h('label', { words: { text: 'home.code' }, attributes: { for: 'code' } }),
                    h('div.join-row', {}, code,
                        h('button.secondary', { words: { text: 'home.join' }, attributes: { type: 'submit' } }))))));
    return { element, update() {} };
}
