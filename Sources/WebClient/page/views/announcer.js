// Tells people who cannot see the tiles who came and who left. Silent in crowds, where it would never stop.

import { h } from './dom.js';

const LOUDEST_CROWD = 20;

/**
 * @param {?Record<string, {identity: string, name: string}>} before participants by sid, null before joining
 * @param {?Record<string, {identity: string, name: string}>} after
 * @returns {{key: string, params: object}[]} what to say, by identity so that a reconnection is no news
 */
export function comingsAndGoings(before, after) {
    if (!before || !after) return [];
    const byIdentity = (people) => new Map(Object.values(people).map((person) => [person.identity, person]));
    const [old, now] = [byIdentity(before), byIdentity(after)];
    if (old.size === 0 || now.size > LOUDEST_CROWD) return [];
    const say = (people, one, several) => {
        if (people.length === 0) return [];
        if (people.length === 1) return [{ key: one, params: { name: people[0].name } }];
        return [{ key: several, params: { count: people.length } }];
    };
    const came = [...now.values()].filter(({ identity }) => !old.has(identity));
    const left = [...old.values()].filter(({ identity }) => !now.has(identity));
    return [
        ...say(came, 'announce.joined', 'announce.severalJoined'),
        ...say(left, 'announce.left', 'announce.severalLeft'),
    ];
}

export function createAnnouncer() {
    const element = h('div.visually-hidden', { attributes: { 'aria-live': 'polite' } });
    let known = null;
    return {
        element,
        update({ meeting }, t) {
            const people = meeting ? meeting.participants : null;
            if (people === known) return;
            const news = comingsAndGoings(known, people);
            known = people;
            if (news.length > 0) element.textContent = news.map(({ key, params }) => t(key, params)).join('. ');
        },
    };
}
