// What each event means for the page's state. Pure; participants.js has the roster's part. Events are in the past
// tense or name what a person asked for; who causes them is in meeting/ and main.js.

import { initialMeeting } from './initial.js';
import { admitted, participantsUpdated, speakersChanged, qualityChanged } from './participants.js';

/** How many notices are on screen at most; older ones give way. */
const MAX_NOTICES = 4;

const handlers = {
    languageChosen: (state, { language }) => ({ ...state, language }),
    homeOpened: (state) => ({ ...state, screen: 'home', room: '', fault: null, meeting: null, rosterOpen: false }),
    roomChosen: (state, { room }) => ({ ...state, screen: 'prejoin', room, fault: null, meeting: null }),
    nameChanged: (state, { name }) => ({ ...state, name }),
    faultFound: (state, { fault }) => ({ ...state, fault }),
    devicesListed: (state, { cameras, microphones }) => ({
        ...state, devices: { ...state.devices, cameras, microphones },
    }),
    deviceChosen: (state, { source, id }) => ({
        ...state, devices: { ...state.devices, [source === 'camera' ? 'cameraId' : 'microphoneId']: id },
    }),
    localSourceChanged: (state, { source, status, fault = null }) => ({
        ...state, local: { ...state.local, [source]: { status, fault } },
    }),
    screenShareChanged: (state, { status }) => ({ ...state, local: { ...state.local, screen: { status } } }),

    joinPressed: (state) => ({
        ...state, screen: 'meeting', fault: null, meeting: initialMeeting(), notices: [], playbackBlocked: false,
    }),
    joinFailed: (state, { fault }) => ({ ...state, screen: 'prejoin', fault, meeting: null }),
    meetingEnded: (state, { fault }) => ({
        ...state, screen: 'ended', fault, meeting: null, rosterOpen: false, notices: [],
        local: { ...state.local, screen: { status: 'off' } },
    }),
    rosterToggled: (state) => ({ ...state, rosterOpen: !state.rosterOpen }),
    playbackBlocked: (state, { blocked }) => ({ ...state, playbackBlocked: blocked }),
    noticeRaised: (state, { notice }) => ({
        ...state,
        notices: [...state.notices.filter(({ code }) => code !== notice.code), notice].slice(-MAX_NOTICES),
    }),
    noticeDismissed: (state, { id }) => ({ ...state, notices: state.notices.filter((notice) => notice.id !== id) }),
    noticeWithdrawn: (state, { code }) => ({
        ...state, notices: state.notices.filter((notice) => notice.code !== code),
    }),
};

/** Events that only mean something inside a meeting. They change the meeting and nothing else. */
const meetingHandlers = {
    admitted,
    participantsUpdated,
    speakersChanged,
    qualityChanged,
    roomUpdated: (meeting, { recording }) => ({ ...meeting, recording }),
    connectionLost: (meeting, { attempt }) => ({
        ...meeting, phase: 'reconnecting', attempt, transport: 'new', speakers: {},
    }),
    transportChanged: (meeting, { transport }) => ({ ...meeting, transport }),
    mediaArrived: (meeting, { trackSid }) => ({ ...meeting, media: { ...meeting.media, [trackSid]: true } }),
    firstFrameSeen: (meeting, { milliseconds }) =>
        meeting.firstFrameMs === null ? { ...meeting, firstFrameMs: milliseconds } : meeting,
};

/**
 * @param {import('./initial.js').State} state
 * @param {{type: string}} event
 * @returns {import('./initial.js').State} the same object when nothing changed
 */
export function reduce(state, event) {
    const handler = handlers[event.type];
    if (handler) return handler(state, event);
    const meetingHandler = meetingHandlers[event.type];
    if (!meetingHandler) throw new Error(`unknown event ${event.type}`);
    // A late event of a meeting that was left is normal: sockets and promises end in their own time.
    if (!state.meeting) return state;
    const meeting = meetingHandler(state.meeting, event);
    return meeting === state.meeting ? state : { ...state, meeting };
}
