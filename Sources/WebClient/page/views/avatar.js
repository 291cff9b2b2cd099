// The stand-in for a person without picture: letters on a colour that stays theirs.

import { h, setText } from './dom.js';

const TONES = 8;
const CHINESE = /\p{Script=Han}/u;

/**
 * The last two characters of a Chinese name, else the first letters of the first and last word.
 * @param {string} name
 */
export function initials(name) {
    const characters = [...name.trim()];
    if (characters.length === 0) return '?';
    if (CHINESE.test(name)) return characters.filter((character) => CHINESE.test(character)).slice(-2).join('');
    const words = name.trim().split(/\s+/);
    const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
    return letters.map((word) => [...word][0].toUpperCase()).join('');
}

/** @param {string} identity @returns {number} 0…7, the same for the same person */
export function toneOf(identity) {
    let sum = 0;
    for (const character of identity) sum = (sum * 31 + character.codePointAt(0)) % 65521;
    return sum % TONES;
}

/** @param {string} [size] class for a smaller one */
export function createAvatar(size) {
    const element = h(size ? `span.avatar.${size}` : 'span.avatar', { attributes: { 'aria-hidden': 'true' } });
    return {
        element,
        update(name, identity) {
            setText(element, initials(name));
            element.dataset.tone = String(toneOf(identity));
        },
    };
}
