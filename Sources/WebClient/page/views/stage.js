// The part of the meeting where people and the shared screen are seen.

import { h, setAttribute, setChildren, setShown, setText, showTrack } from './dom.js';
import { createTile } from './tile.js';
import { fitGrid, fitStrip, gridCapacity } from './layout.js';
import { sharedScreen, visibleTiles } from '../state/selectors.js';

const GAP = 10;

/**
 * @param {object} media
 * @param {(source: 'camera') => ?MediaStreamTrack} media.localTrack
 * @param {(trackSid: string) => ?MediaStreamTrack} media.remoteTrack
 * @param {() => void} onRemoteFrame
 */
export function createStage(media, onRemoteFrame) {
    const trackOf = ({ self, videoSid }) => (self ? media.localTrack('camera') : media.remoteTrack(videoSid));
    /** @type {Map<string, ReturnType<typeof createTile>>} by participant sid */
    const tiles = new Map();
    const more = h('li.tile.more');
    const list = h('ul.tiles', { words: { label: 'meeting.tiles' } });
    const screenVideo = h('video', {
        on: { loadeddata: onRemoteFrame }, attributes: { playsinline: true, autoplay: true },
    });
    screenVideo.muted = true;
    const screenName = h('figcaption.tile-label');
    const screen = h('figure.shared-screen', {}, screenVideo, screenName);
    const element = h('div.stage', {}, screen, list);
    let last = null;

    function draw() {
        if (!last || !element.isConnected) return;
        const { state, t } = last;
        const space = { width: element.clientWidth, height: element.clientHeight, gap: GAP };
        const share = sharedScreen(state);
        const strip = share ? fitStrip(space) : null;
        const { tiles: shown, hidden } = visibleTiles(state, strip ? strip.capacity : gridCapacity(space.width));
        drawTiles(shown, hidden, t);
        const size = strip || fitGrid({ ...space, count: shown.length + (hidden > 0 ? 1 : 0) });
        list.style.setProperty('--tile-width', `${size.width}px`);
        list.style.setProperty('--tile-height', `${size.height}px`);
        if (!strip) list.style.setProperty('--columns', String(size.columns));
        element.classList.toggle('with-screen', Boolean(strip));
        element.classList.toggle('strip-below', Boolean(strip && strip.row));
        setShown(screen, Boolean(share));
        showTrack(screenVideo, share ? media.remoteTrack(share.videoSid) : null);
        const words = share ? t('meeting.sharedBy', { name: share.name }) : '';
        setText(screenName, words);
        setAttribute(screenVideo, 'aria-label', words);
    }

    function drawTiles(shown, hidden, t) {
        for (const [sid, tile] of tiles) {
            if (shown.some((candidate) => candidate.sid === sid)) continue;
            tile.remove();
            tiles.delete(sid);
        }
        const elements = shown.map((tile) => {
            if (!tiles.has(tile.sid)) tiles.set(tile.sid, createTile(trackOf, onRemoteFrame));
            tiles.get(tile.sid).update(tile, t);
            return tiles.get(tile.sid).element;
        });
        if (hidden > 0) {
            setText(more, t('meeting.more', { count: hidden }));
            setAttribute(more, 'aria-label', t('meeting.moreLabel', { count: hidden }));
            elements.push(more);
        }
        setChildren(list, elements);
    }

    new ResizeObserver(draw).observe(element);
    return {
        element,
        update(state, t) {
            last = { state, t };
            draw();
        },
    };
}
