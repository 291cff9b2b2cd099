import { TABLES, LANGUAGES, chooseLanguage, translate } from '/i18n/index.js';
import { FAULT_CODES, deviceFault, leaveFault, refusalFault } from '/state/faults.js';
import { initials, toneOf } from '/views/avatar.js';
import { comingsAndGoings } from '/views/announcer.js';
import { levelOf } from '/media/level.js';
import { fitGrid, fitStrip } from '/views/layout.js';
import { test, equal, ok } from './testing.js';

const texts = (entry) => (typeof entry === 'string' ? [entry] : Object.values(entry));
const placeholders = (entry) => texts(entry).map((text) => (text.match(/\{\w+\}/g) || []).sort().join());

test('both languages have the same keys in the same order', () => {
    equal(Object.keys(TABLES['zh-CN']), Object.keys(TABLES.en));
});

test('no words are empty, and both languages use the same parameters', () => {
    for (const key of Object.keys(TABLES.en)) {
        for (const language of LANGUAGES) {
            for (const text of texts(TABLES[language][key])) ok(text.trim(), `${key} in ${language}`);
        }
        equal([key, new Set(placeholders(TABLES.en[key])).size], [key, 1]);
        equal([key, placeholders(TABLES['zh-CN'][key])[0]], [key, placeholders(TABLES.en[key])[0]]);
    }
});

test('every fault has a title and advice, and no fault has words that nobody uses', () => {
    const expected = FAULT_CODES.flatMap((code) => [`fault.${code}.title`, `fault.${code}.advice`]).sort();
    equal(Object.keys(TABLES.en).filter((key) => key.startsWith('fault.')).sort(), expected);
});

test('plurals', () => {
    equal(translate('en', 'roster.title', { count: 1 }), '1 person');
    equal(translate('en', 'roster.title', { count: 3 }), '3 people');
    equal(translate('zh-CN', 'roster.title', { count: 1 }), '1 人');
});

test('a parameter that looks like a placeholder stays as it is', () => {
    equal(translate('en', 'announce.joined', { name: '{name} $& <b>' }), '{name} $& <b> joined');
});

test('the language is chosen, else the browser\'s, else Chinese', () => {
    equal(chooseLanguage('en', ['zh']), 'en');
    equal(chooseLanguage('xx', ['de-DE', 'en-US', 'zh']), 'en');
    equal(chooseLanguage(null, ['zh-TW', 'en']), 'zh-CN');
    equal(chooseLanguage(null, ['de']), 'zh-CN');
});

test('device errors', () => {
    const fault = (name) => deviceFault(new DOMException('', name));
    equal(['NotAllowedError', 'NotFoundError', 'OverconstrainedError', 'NotReadableError', 'TypeError'].map(fault),
        ['permission-denied', 'no-device', 'no-device', 'device-busy', 'device-failed']);
});

test('refusals', () => {
    const code = (status, reason = '') => refusalFault(status, reason).code;
    equal([code(401), code(403), code(403, 'room_full'), code(503, 'meeting is full'), code(503), code(429), code(500),
        code(404, 'requested room does not exist'), code(404), code(400)],
    ['token-refused', 'token-refused', 'meeting-full', 'meeting-full', 'server-busy', 'server-busy', 'server-error',
        'no-such-meeting', 'refused', 'refused']);
});

test('every fault that is produced has words', () => {
    const reasons = ['PARTICIPANT_REMOVED', 'ROOM_DELETED', 'ROOM_CLOSED', 'DUPLICATE_IDENTITY', 'SERVER_SHUTDOWN',
        'CONNECTION_TIMEOUT', 'STATE_MISMATCH', 'UNKNOWN_REASON'];
    const statuses = [400, 401, 404, 429, 500, 503];
    const faults = [...reasons.map(leaveFault), ...statuses.map((status) => refusalFault(status, ''))];
    for (const { code } of faults) ok(FAULT_CODES.includes(code), code);
});

test('initials', () => {
    const names = ['王小明', '李雷', 'Ada Lovelace', 'ada', 'Jean-Luc van Damme', '李 Lei 雷', '', '😀 Smile'];
    equal(names.map(initials), ['小明', '李雷', 'AL', 'A', 'JD', '李雷', '?', '😀S']);
    ok(toneOf('x') === toneOf('x') && toneOf('长'.repeat(200)) < 8, 'tone');
});

test('announcements are about people, not about reconnections, and not in crowds', () => {
    const entry = (name, index) => [`PA_${index}${name}`, { identity: name, name }];
    const people = (...names) => Object.fromEntries(names.map(entry));
    const keys = (before, after) => comingsAndGoings(before, after).map(({ key }) => key);
    equal(keys(people('a'), people('a', 'b')), ['announce.joined']);
    equal(keys(people('a', 'b', 'c'), people('a', 'd')), ['announce.joined', 'announce.severalLeft']);
    equal(keys(people('a', 'b'), people('b', 'a')), []);
    equal(keys(null, people('a')), []);
    equal(keys({}, people('a', 'b')), []);
    const crowd = Array.from({ length: 30 }, (_, index) => `p${index}`);
    equal(keys(people('p0'), people(...crowd)), []);
});

test('the level meter is empty in silence and full for a loud voice', () => {
    equal(levelOf(new Float32Array(64)), 0);
    equal(levelOf(new Float32Array(64).fill(0.5)), 1);
    const middle = levelOf(new Float32Array(64).fill(0.01));
    ok(middle > 0.3 && middle < 0.6, String(middle));
});

test('a grid fits its space, whatever the number', () => {
    for (const [width, height] of [[1248, 660], [374, 640], [360, 200], [1920, 900], [0, 0]]) {
        for (let count = 1; count <= 25; count++) {
            const grid = fitGrid({ width, height, count, gap: 10 });
            const rows = Math.ceil(count / grid.columns);
            const ratio = grid.width / grid.height;
            if (width > 0) {
                const total = grid.columns * grid.width + (grid.columns - 1) * 10;
                ok(total <= width, `${count} too wide in ${width}x${height}`);
                ok(rows * grid.height + (rows - 1) * 10 <= height, `${count} too high in ${width}x${height}`);
                ok(ratio > 0.75 && ratio < 1.9, `${count} has ratio ${ratio} in ${width}x${height}`);
            }
        }
    }
    equal(fitGrid({ width: 1280, height: 720, count: 1, gap: 10 }), { columns: 1, width: 1280, height: 720 });
    equal(fitGrid({ width: 1280, height: 640, count: 2, gap: 10 }).columns, 2);
    equal(fitGrid({ width: 374, height: 640, count: 2, gap: 10 }).columns, 1);
});

test('the strip beside a shared screen stays in its space', () => {
    const column = fitStrip({ width: 1248, height: 660, gap: 10 });
    ok(!column.row && column.capacity * (column.height + 10) - 10 <= 660, JSON.stringify(column));
    const row = fitStrip({ width: 374, height: 640, gap: 10 });
    ok(row.row && row.capacity * (row.width + 10) - 10 <= 374, JSON.stringify(row));
});
