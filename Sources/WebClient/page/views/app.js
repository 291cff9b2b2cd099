// Puts the screen that the state names on the page, and what lies over every screen: notices, announcements, sound.

import { fillWords } from './dom.js';
import { translate } from '../i18n/index.js';
import { createAnnouncer } from './announcer.js';
import { createEnded } from './ended.js';
import { createHome } from './home.js';
import { createMeeting } from './meeting.js';
import { createNoticeList } from './notices.js';
import { createPrejoin } from './prejoin.js';
import { createSound } from './sound.js';

/**
 * @param {Element} root
 * @param {object} actions what a person can do, see main.js
 * @param {{localTrack: (source: string) => ?MediaStreamTrack, remoteTrack: (sid: string) => ?MediaStreamTrack}} media
 */
export function createApp(root, actions, media) {
    const sound = createSound(media.remoteTrack, actions.playbackBlocked);
    const full = { ...actions, resumeSound: sound.resume };
    const screens = {
        home: () => createHome(full),
        prejoin: () => createPrejoin(full, media.localTrack),
        meeting: () => createMeeting(full, media),
        ended: () => createEnded(full),
    };
    const notices = createNoticeList(actions.dismissNotice);
    const announcer = createAnnouncer();
    root.append(notices.element, announcer.element, sound.element);
    let shown = { name: '', language: '', view: null };

    return {
        /** @param {import('../state/initial.js').State} state */
        update(state) {
            const { screen, language } = state;
            const t = (key, params) => translate(language, key, params);
            const changed = shown.name !== screen;
            if (changed) {
                if (shown.view) {
                    if (shown.view.leave) shown.view.leave();
                    shown.view.element.remove();
                }
                const first = shown.view === null;
                shown = { name: screen, language: '', view: screens[screen]() };
                root.prepend(shown.view.element);
                document.documentElement.dataset.screen = screen;
                // Keyboard and screen reader start at the top of the new screen, but not when the page just opened.
                const heading = shown.view.element.querySelector('h1');
                if (!first && heading) heading.focus({ preventScroll: true });
            }
            if (shown.language !== language) {
                shown.language = language;
                document.documentElement.lang = language;
            }
            shown.view.update(state, t);
            // After the update, so that elements it created have their words too.
            fillWords(root, t);
            document.title = state.room && screen !== 'home' ? `${state.room} · ${t('app.name')}` : t('app.name');
            notices.update(state, t);
            announcer.update(state, t);
            sound.update(state);
        },
    };
}
