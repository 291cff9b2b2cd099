// Words by key and language. Tables are flat; `{name}` is replaced by a parameter; a key may have plural forms, chosen
// by the parameter `count`. Which language is shown is decided here too: what the person chose, or the browser says.

import en from './en.js';
import zhCN from './zh-CN.js';

/** @type {Record<string, Record<string, string | Record<string, string>>>} */
export const TABLES = { en, 'zh-CN': zhCN };
export const LANGUAGES = Object.freeze(['en', 'zh-CN']);

/**
 * @param {string} language
 * @param {string} key
 * @param {Record<string, string | number>} [params]
 * @returns {string}
 */
export function translate(language, key, params = {}) {
    const entry = TABLES[language][key];
    if (entry === undefined) throw new Error(`no words for ${key} in ${language}`);
    const text = typeof entry === 'string' ? entry
        : entry[new Intl.PluralRules(language).select(Number(params.count))] || entry.other;
    return text.replace(/\{(\w+)\}/g, (placeholder, name) => (name in params ? String(params[name]) : placeholder));
}

/**
 * @param {?string} stored what the person chose before
 * @param {readonly string[]} preferred the browser's languages, best first
 * @returns {'en' | 'zh-CN'}
 */
export function chooseLanguage(stored, preferred) {
    if (LANGUAGES.includes(stored)) return stored;
    for (const tag of preferred) {
        if (/^zh\b/i.test(tag)) return 'zh-CN';
        if (/^en\b/i.test(tag)) return 'en';
    }
    return 'zh-CN';
}
