import { decodeResponse, encodeRequest, trickleOf } from '/signaling/messages.js';
import {
    newRoomCode, readAddress, readClaims, roomFromInput, roomLink, signalAddresses,
} from '/signaling/address.js';
import { createTicketSource } from '/signaling/ticket.js';
import { retryDelay } from '/signaling/backoff.js';
import { ownerOf } from '/media/msid.js';
import { test, equal, ok } from './testing.js';

const decode = (message) => decodeResponse(JSON.stringify(message));

test('a join is read with its zero values left out', () => {
    const { kind, value } = decode({
        join: {
            room: { sid: 'RM_1', name: 'r' },
            participant: {
                sid: 'PA_1', identity: 'me', state: 'JOINED', joinedAt: '1700000000', permission: { canPublish: true },
            },
            otherParticipants: [
                { sid: 'PA_2', identity: 'b', name: '王小明', version: 3, joinedAtMs: '1700000000123', tracks: [
                    { sid: 'TR_a', source: 'MICROPHONE' },
                    { sid: 'TR_v', type: 'VIDEO', source: 'CAMERA', muted: true, width: 640, height: 360 },
                ] },
                { sid: 'PA_3', identity: 'gone', state: 'DISCONNECTED' },
            ],
            iceServers: [{ urls: ['stun:h'] }, { urls: [] }], pingInterval: 5, pingTimeout: 15,
            serverVersion: 'x', unknownField: [1],
        },
    });
    equal(kind, 'join');
    equal(value.self, {
        sid: 'PA_1', identity: 'me', name: 'me', state: 'JOINED', version: 0, joinedAt: 1700000000000, tracks: [],
    });
    equal(value.others, [{
        sid: 'PA_2', identity: 'b', name: '王小明', state: 'JOINING', version: 3, joinedAt: 1700000000123, tracks: [
            { sid: 'TR_a', kind: 'audio', source: 'MICROPHONE', muted: false, width: 0, height: 0 },
            { sid: 'TR_v', kind: 'video', source: 'CAMERA', muted: true, width: 640, height: 360 },
        ],
    }]);
    equal(value.iceServers, [{ urls: ['stun:h'], username: '', credential: '' }]);
    equal([value.pingIntervalSeconds, value.pingTimeoutSeconds, value.canPublish], [5, 15, true]);
});

test('an absent canPublish in a given permission is the zero value, an absent permission allows', () => {
    const allowed = (participant) => decode({ join: { participant } }).value.canPublish;
    equal([allowed({ sid: 'PA_1' }), allowed({ sid: 'PA_1', permission: {} })], [true, false]);
});

test('enums are read by name and by number, unknown ones as zero', () => {
    const leave = (value) => decode({ leave: value }).value;
    equal(leave({ reason: 'ROOM_DELETED', action: 'RECONNECT' }), { action: 'RECONNECT', reason: 'ROOM_DELETED' });
    equal(leave({ reason: 2, action: 0 }), { action: 'DISCONNECT', reason: 'DUPLICATE_IDENTITY' });
    equal(leave({ reason: 'NEWER', action: 77 }), { action: 'DISCONNECT', reason: 'UNKNOWN_REASON' });
});

test('descriptions, candidates and tracks', () => {
    equal(decode({ offer: { type: 'offer', sdp: 'v=0', id: 4, midToTrackId: { 0: 'TR_x', 1: 7 } } }),
        { kind: 'offer', value: { type: 'offer', sdp: 'v=0', id: 4, trackSids: { 0: 'TR_x' } } });
    const init = JSON.stringify({ candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0 });
    equal(decode({ trickle: { candidateInit: init, target: 'SUBSCRIBER' } }).value,
        { target: 'SUBSCRIBER', candidate: { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0 } });
    equal(decode({ trickle: { candidateInit: '{"candidate":""}' } }).value, { target: 'PUBLISHER', candidate: null });
    equal(decode({ trickle: { candidateInit: '{broken' } }).value, { target: 'PUBLISHER', candidate: null });
    equal(decode({ trackPublished: { cid: 'c', track: { sid: 'TR_1' } } }).value.track.sid, 'TR_1');
    equal(decode({ requestResponse: { reason: 'NOT_ALLOWED', addTrack: { cid: 'c' } } }).value,
        { reason: 'NOT_ALLOWED', message: '', cid: 'c' });
});

test('levels are kept between 0 and 1', () => {
    const speaker = (level) => ({ speakersChanged: { speakers: [{ sid: 'PA_1', level, active: true }] } });
    const level = (value) => decode(speaker(value)).value.speakers[0].level;
    equal([level(3), level(-1), level('NaN'), level(0.25)], [1, 0, 0, 0.25]);
});

test('64-bit numbers are strings both ways', () => {
    const { value } = decode({ pongResp: { lastPingTimestamp: '1700000000123', timestamp: '5' } });
    equal(value, { lastPingTimestamp: 1700000000123 });
    equal(encodeRequest('pingReq', { timestamp: '1', rtt: '0' }), '{"pingReq":{"timestamp":"1","rtt":"0"}}');
});

test('what is not a known message is skipped', () => {
    const unknown = ['{}', '{"newer":{}}', '{"constructor":{}}', '{"toString":{}}'];
    for (const text of ['', 'null', '[]', '7', '{broken', ...unknown]) {
        equal(decodeResponse(text), null);
    }
    const nobody = { kind: 'update', value: { participants: [] } };
    for (const wrong of [null, 5, 'x', []]) equal(decode({ update: wrong }), nobody);
    const { value } = decode({ update: { participants: [null, 7, {}, { sid: 'PA_1', tracks: 'x' }] } });
    equal(value.participants.length, 1);
});

test('a refreshed token is a bare string', () => {
    equal(decode({ refreshToken: 'abc' }), { kind: 'refreshToken', value: { token: 'abc' } });
});

test('candidates are sent with the three members that servers insist on', () => {
    const candidate = { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'u' };
    equal(trickleOf(candidate, 'PUBLISHER'), {
        candidateInit: '{"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0}', target: 'PUBLISHER',
    });
});

test('a media section belongs to the track in its stream id', () => {
    const owner = (streamId, trackId = 'x', mid = '3', map = {}) => ownerOf({ streamId, trackId, mid }, map);
    equal(owner('PA_1|TR_2', 'TR_2'), { participantSid: 'PA_1', trackSid: 'TR_2' });
    equal(owner('PA_1|TR_2', 'TR_old'), { participantSid: 'PA_1', trackSid: 'TR_2' });
    equal(owner('PA_1|camera', 'TR_2'), { participantSid: 'PA_1', trackSid: 'TR_2' });
    equal(owner('PA_1|camera', 'x', '3', { 3: 'TR_9' }), { participantSid: 'PA_1', trackSid: 'TR_9' });
    equal(owner('PA_1'), null);
    equal(owner(''), null);
    equal(owner('SV_1|TR_2', 'TR_2'), null);
});

test('signal addresses keep the base path and the scheme', () => {
    const { socket, validate } = signalAddresses('https://h.example/base', 't.o.k');
    ok(socket.startsWith('wss://h.example/base/rtc?access_token=t.o.k&auto_subscribe=1&'), socket);
    ok(socket.includes('hutong_frames=json') && socket.includes('protocol=16') && socket.includes('sdk=js'), socket);
    equal(validate.split('?')[0], 'https://h.example/base/rtc/validate');
    equal(validate.split('?')[1], socket.split('?')[1]);
    ok(signalAddresses('http://127.0.0.1:7880/', 't').socket.startsWith('ws://127.0.0.1:7880/rtc?'), 'plain');
});

test('rooms are found in what people type and paste', () => {
    const cases = [
        [' Bako-Dime-Zuto ', 'bako-dime-zuto'], ['ｂａｋｏ－ｄｉｍｅ－ｚｕｔｏ', 'bako-dime-zuto'],
        ['bako – dime – zuto', 'bako-dime-zuto'],
        ['https://h.example/?room=a%20b', 'a b'], ['https://h.example/', ''], ['https://', ''], ['', ''], ['  ', ''],
        ['周会', '周会'], ['MyRoom', 'MyRoom'],
    ];
    for (const [text, room] of cases) equal([text, roomFromInput(text)], [text, room]);
});

test('links carry the room and never the invitation', () => {
    const link = roomLink('https://h.example/p/?room=x#token=secret', '周会 1');
    equal(link, 'https://h.example/p/?room=%E5%91%A8%E4%BC%9A+1');
    equal(roomLink('https://h.example/?room=x', ''), 'https://h.example/');
    equal(readAddress(roomLink('https://h.example/', '周会 1')), { room: '周会 1', token: '' });
    equal(readAddress('https://h.example/?room=x#token=a.b.c'), { room: 'x', token: 'a.b.c' });
});

test('room codes use every syllable and nothing else', () => {
    let next = 0;
    const counting = (bytes) => {
        bytes[0] = next++ % 256;
        return bytes;
    };
    const seen = new Set();
    for (let index = 0; index < 40; index++) {
        const code = newRoomCode(counting);
        ok(/^([bdfghjklmnpqstwz][aeiou]){2}(-([bdfghjklmnpqstwz][aeiou]){2}){2}$/.test(code), code);
        equal(roomFromInput(code), code);
        for (const syllable of code.replace(/-/g, '').match(/../g)) seen.add(syllable);
    }
    equal(seen.size, 80);
});

test('an invitation tells its room and name, a broken one nothing', () => {
    const base64url = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)))
        .replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
    const token = ['h', base64url('{"name":"李雷","video":{"room":"周会"}}'), 's'].join('.');
    equal(readClaims(token), { room: '周会', name: '李雷' });
    for (const broken of ['', 'a.b.c', 'x', `h.${base64url('null')}.s`]) {
        equal(readClaims(broken), { room: '', name: '' });
    }
});

test('retries begin at once, grow, and end', () => {
    const delays = Array.from({ length: 11 }, (_, index) => retryDelay(index + 1, () => 0));
    equal(delays, [0, 300, 1200, 2700, 4800, 7000, 7000, 7000, 7000, 7000, null]);
    equal(retryDelay(4, () => 0.5), 3200);
});

const tickets = (fetch, more = {}) => createTicketSource({
    page: 'https://h.example/p/?room=r', invitation: '', now: () => 0, fetch, ...more,
});
const reply = (status, body) => async () => ({ status, ok: status < 300, json: async () => JSON.parse(body) });

test('a ticket is fetched once per room and name', async () => {
    const asked = [];
    const source = tickets(async (address) => {
        asked.push(address);
        return reply(200, '{"token":"t","url":"/"}')();
    });
    await source.obtain('r', 'a');
    equal(await source.obtain('r', 'a'), { ticket: { token: 't', base: 'https://h.example/' } });
    await source.obtain('r', '李');
    equal(asked, ['a', '%E6%9D%8E'].map((name) => `https://h.example/p/dev/token?room=r&name=${name}`));
});

test('without a token endpoint an invitation is needed', async () => {
    equal(await tickets(reply(404, '')).obtain('r', 'a'), { fault: { code: 'needs-invitation' } });
    const strange = await tickets(reply(200, '<html>')).obtain('r', 'a');
    equal(strange, { fault: { code: 'server-error', params: { status: 200 } } });
    equal(await tickets(async () => {
        throw new TypeError('offline');
    }).obtain('r', 'a'), { fault: { code: 'server-unreachable' } });
});

test('a failure is not kept', async () => {
    const answers = [reply(500, ''), reply(200, '{"token":"t"}')];
    const source = tickets(() => answers.shift()());
    equal((await source.obtain('r', 'a')).fault.code, 'refused');
    equal((await source.obtain('r', 'a')).ticket.token, 't');
});

test('an invitation is used without asking anybody', async () => {
    const source = tickets(() => ok(false, 'asked'), { invitation: 'x.y.z' });
    equal(await source.obtain('r', 'a'), { ticket: { token: 'x.y.z', base: 'https://h.example/p/' } });
});
