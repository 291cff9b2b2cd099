// Plays everybody's voice and shared sound, whether or not their tile is on screen.

import { h } from './dom.js';
import { audibleTrackSids } from '../state/selectors.js';

/**
 * @param {(trackSid: string) => ?MediaStreamTrack} remoteTrack
 * @param {(blocked: boolean) => void} onBlocked the browser wants a click first
 */
export function createSound(remoteTrack, onBlocked) {
    /** @type {Map<string, HTMLAudioElement>} */
    const players = new Map();
    const element = h('div', { attributes: { hidden: true } });

    function play(player) {
        return player.play().then(() => true, (error) => {
            if (error.name === 'NotAllowedError') onBlocked(true);
            return false;
        });
    }

    return {
        element,
        /** @param {import('../state/initial.js').State} state */
        update(state) {
            const heard = audibleTrackSids(state).map((sid) => [sid, remoteTrack(sid)]).filter(([, track]) => track);
            const wanted = new Map(heard);
            for (const [sid, player] of players) {
                if (wanted.has(sid) && wanted.get(sid) === player.srcObject.getAudioTracks()[0]) continue;
                player.srcObject = null;
                player.remove();
                players.delete(sid);
            }
            for (const [sid, track] of wanted) {
                if (players.has(sid)) continue;
                const player = h('audio', { attributes: { autoplay: true } });
                player.srcObject = new MediaStream([track]);
                players.set(sid, player);
                element.append(player);
                play(player);
            }
        },
        /** Called within a click. */
        async resume() {
            const played = await Promise.all([...players.values()].map(play));
            onBlocked(!played.every(Boolean));
        },
    };
}
