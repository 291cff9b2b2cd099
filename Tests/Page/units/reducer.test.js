import { reduce } from '/state/reducer.js';
import { initialState } from '/state/initial.js';
import { createStore } from '/state/store.js';
import {
    audibleTrackSids, connectionWord, participantsInOrder, rosterLines, sharedScreen, visibleTiles,
} from '/state/selectors.js';
import { test, equal, ok } from './testing.js';

const person = (number, more = {}) => ({
    sid: `PA_${number}`, identity: `id${number}`, name: `Person ${number}`, state: 'ACTIVE', version: 1,
    joinedAt: number * 1000, tracks: [], ...more,
});
const track = (sid, source, more = {}) => ({
    sid, source, kind: ['CAMERA', 'SCREEN_SHARE'].includes(source) ? 'video' : 'audio', muted: false, width: 0, height: 0,
    ...more,
});
const play = (events, state = initialState()) => events.reduce(reduce, state);
const joined = (others, self = person(0)) => play([
    { type: 'roomChosen', room: 'r' }, { type: 'joinPressed' }, { type: 'admitted', self, others, recording: false },
]);

test('an unknown event is a mistake and throws', () => {
    let thrown = false;
    try {
        reduce(initialState(), { type: 'nonsense' });
    } catch {
        thrown = true;
    }
    ok(thrown, 'nothing thrown');
});

test('a late event of a meeting that was left changes nothing', () => {
    const state = initialState();
    ok(reduce(state, { type: 'speakersChanged', speakers: [] }) === state, 'state changed');
});

test('the version of a participant never goes back', () => {
    const renamed = (name, version) => ({ type: 'participantsUpdated', participants: [person(1, { name, version })] });
    const state = play([renamed('newer', 5), renamed('older', 4), renamed('same version', 5)], joined([person(1)]));
    equal(state.meeting.participants.PA_1.name, 'same version');
});

test('who disconnects is gone with everything known about them', () => {
    const state = play([
        { type: 'mediaArrived', trackSid: 'TR_a' },
        { type: 'speakersChanged', speakers: [{ sid: 'PA_1', level: 0.5, active: true }] },
        { type: 'qualityChanged', updates: [{ sid: 'PA_1', quality: 'POOR' }] },
        { type: 'participantsUpdated', participants: [person(1, { version: 2, state: 'DISCONNECTED' })] },
    ], joined([person(1, { tracks: [track('TR_a', 'MICROPHONE')] })]));
    equal(Object.keys(state.meeting.participants), ['PA_0']);
    equal([state.meeting.speakers, state.meeting.quality, state.meeting.media], [{}, {}, {}]);
});

test('an identity that comes back under a new sid replaces itself', () => {
    const state = play([
        { type: 'participantsUpdated', participants: [person(7, { identity: 'id1' })] },
    ], joined([person(1)]));
    equal(Object.keys(state.meeting.participants), ['PA_0', 'PA_7']);
});

test('nobody can replace this page itself', () => {
    const state = play([
        { type: 'participantsUpdated', participants: [person(7, { identity: 'id0' })] },
    ], joined([]));
    ok('PA_0' in state.meeting.participants, 'self is gone');
});

test('speakers come as changes, and only of people who are here', () => {
    const speak = (...speakers) => ({ type: 'speakersChanged', speakers });
    const state = play([
        speak({ sid: 'PA_1', level: 0.2, active: true }, { sid: 'PA_9', level: 0.9, active: true }),
        speak({ sid: 'PA_0', level: 0.4, active: true }),
        speak({ sid: 'PA_1', level: 0, active: false }),
    ], joined([person(1)]));
    equal(state.meeting.speakers, { PA_0: 0.4 });
});

test('a new join replaces the roster and forgets the old media', () => {
    const state = play([
        { type: 'mediaArrived', trackSid: 'TR_a' },
        { type: 'connectionLost', attempt: 2 },
        { type: 'admitted', self: person(8, { identity: 'id0' }), others: [person(1)], recording: false },
    ], joined([person(1, { tracks: [track('TR_a', 'CAMERA')] }), person(2)]));
    equal(Object.keys(state.meeting.participants).sort(), ['PA_1', 'PA_8']);
    equal([state.meeting.media, state.meeting.phase, state.meeting.attempt], [{}, 'connected', 0]);
});

test('the connection line follows phase and transport', () => {
    const state = joined([]);
    const word = (...events) => connectionWord(play(events, state));
    const transport = (value) => ({ type: 'transportChanged', transport: value });
    equal(word(), 'connecting');
    equal(word(transport('connected')), 'connected');
    equal(word(transport('connected'), transport('disconnected')), 'unstable');
    equal(word(transport('connected'), { type: 'connectionLost', attempt: 1 }), 'reconnecting');
    equal(connectionWord(play([{ type: 'joinPressed' }])), 'joining');
});

test('the first frame is counted once', () => {
    const seen = (milliseconds) => ({ type: 'firstFrameSeen', milliseconds });
    equal(play([seen(310), seen(900)], joined([])).meeting.firstFrameMs, 310);
});

test('others come in the order they joined, this page last', () => {
    const order = participantsInOrder(joined([person(3), person(1), person(2)])).map(({ sid }) => sid);
    equal(order, ['PA_1', 'PA_2', 'PA_3', 'PA_0']);
});

test('a camera is shown only when it is on and its media is here', () => {
    const camera = track('TR_c', 'CAMERA');
    const state = joined([person(1, { tracks: [camera] })]);
    const shown = (...events) => visibleTiles(play(events, state), 9).tiles[0].videoSid;
    const arrived = { type: 'mediaArrived', trackSid: 'TR_c' };
    const mutedPerson = person(1, { version: 2, tracks: [{ ...camera, muted: true }] });
    const muted = { type: 'participantsUpdated', participants: [mutedPerson] };
    equal([shown(), shown(arrived), shown(arrived, muted)], [null, 'TR_c', null]);
});

test('when there is no room for all, speakers and this page stay and the rest is counted', () => {
    const others = Array.from({ length: 12 }, (_, index) => person(index + 1));
    const state = play([
        { type: 'speakersChanged', speakers: [{ sid: 'PA_11', level: 1, active: true }] },
    ], joined(others));
    const { tiles, hidden } = visibleTiles(state, 6);
    equal(tiles.map(({ sid }) => sid), ['PA_1', 'PA_2', 'PA_3', 'PA_11', 'PA_0']);
    equal(hidden, 8);
});

test('a shared screen is found, one\'s own is not', () => {
    const share = (sid) => track(sid, 'SCREEN_SHARE');
    const state = play([
        { type: 'mediaArrived', trackSid: 'TR_s' }, { type: 'mediaArrived', trackSid: 'TR_own' },
    ], joined([person(1, { tracks: [share('TR_s')] })], person(0, { tracks: [share('TR_own')] })));
    equal(sharedScreen(state), { sid: 'PA_1', name: 'Person 1', videoSid: 'TR_s' });
    equal(rosterLines(state).map(({ sharing }) => sharing), [true, true]);
});

test('voices and shared sound play, one\'s own does not', () => {
    const tracks = [track('TR_m', 'MICROPHONE'), track('TR_a', 'SCREEN_SHARE_AUDIO'), track('TR_v', 'CAMERA')];
    const arrived = ['TR_m', 'TR_a', 'TR_v', 'TR_0'].map((trackSid) => ({ type: 'mediaArrived', trackSid }));
    const state = play(arrived, joined([person(1, { tracks })], person(0, { tracks: [track('TR_0', 'MICROPHONE')] })));
    equal(audibleTrackSids(state), ['TR_m', 'TR_a']);
});

test('the same notice is not stacked', () => {
    const raise = (id, code) => ({ type: 'noticeRaised', notice: { id, tone: 'info', code } });
    equal(play([raise(1, 'a'), raise(2, 'b'), raise(3, 'a')]).notices.map(({ id }) => id), [2, 3]);
});

test('subscribers hear of a burst once, and of no change never', async () => {
    const store = createStore((state, { type }) => (type === 'add' ? state + 1 : state), 0);
    const heard = [];
    store.subscribe((state) => heard.push(state));
    store.dispatch({ type: 'add' });
    store.dispatch({ type: 'add' });
    await Promise.resolve();
    store.dispatch({ type: 'nothing' });
    await Promise.resolve();
    equal(heard, [0, 2]);
});
