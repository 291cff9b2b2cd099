// One person's tile: picture or avatar, name, whether they speak, are muted, or have a bad connection.

import { h, setAttribute, setShown, setText, showTrack } from './dom.js';
import { icon } from './icons.js';
import { createAvatar } from './avatar.js';

/**
 * @param {(tile: import('../state/selectors.js').Tile) => ?MediaStreamTrack} trackOf
 * @param {() => void} onRemoteFrame the first picture of somebody else is here
 */
export function createTile(trackOf, onRemoteFrame) {
    let self = false;
    const video = h('video', {
        on: { loadeddata: () => self || onRemoteFrame() },
        attributes: { playsinline: true, autoplay: true, 'aria-hidden': 'true' },
    });
    // Sound has its own elements (sound.js): tiles come and go with the space there is, voices must not.
    video.muted = true;
    const avatar = createAvatar();
    const name = h('span.tile-name');
    const muted = h('span.tile-mark.mark-muted', { words: { title: 'meeting.muted' } }, icon('microphoneOff'));
    const weak = h('span.tile-mark.mark-weak', { words: { title: 'meeting.weak' } }, icon('weak'));
    const element = h('li.tile', {}, avatar.element, video, h('div.tile-label', {}, muted, weak, name));
    return {
        element,
        /** @param {import('../state/selectors.js').Tile} tile */
        update(tile, t) {
            self = tile.self;
            const words = tile.self ? t('meeting.you', { name: tile.name }) : tile.name;
            setText(name, words);
            setAttribute(name, 'title', words);
            avatar.update(tile.name, tile.identity);
            const track = tile.videoSid ? trackOf(tile) : null;
            showTrack(video, track);
            setShown(video, Boolean(track));
            setShown(muted, !tile.audible);
            setShown(weak, tile.weak !== null);
            video.classList.toggle('mirrored', tile.self);
            element.classList.toggle('speaking', tile.speaking && tile.audible);
            const states = [words, t(tile.audible ? 'meeting.unmuted' : 'meeting.muted')];
            if (tile.speaking && tile.audible) states.push(t('meeting.speaking'));
            if (tile.weak) states.push(t('meeting.weak'));
            setAttribute(element, 'aria-label', states.join(', '));
        },
        /** The element is not shown any more: give its picture up. */
        remove() {
            showTrack(video, null);
            element.remove();
        },
    };
}
