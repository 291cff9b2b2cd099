// The shape of the page's whole state. Plain data only (a snapshot can be serialised): media tracks live in media/,
// and the state knows them by their ids.

/**
 * @typedef {'home' | 'prejoin' | 'meeting' | 'ended'} Screen
 *
 * @typedef {object} Fault something a person must be told, worded by i18n keys `fault.<code>.title` and `.advice`
 * @property {string} code one of FAULT_CODES in faults.js
 * @property {Record<string, string | number>} [params]
 *
 * @typedef {object} LocalSource microphone or camera of this page
 * @property {'off' | 'opening' | 'on'} status `off` covers muted, switched off and unavailable
 * @property {?string} fault why it could not be opened, a fault code
 *
 * @typedef {object} Track
 * @property {string} sid `TR_…`
 * @property {'audio' | 'video'} kind
 * @property {'UNKNOWN' | 'CAMERA' | 'MICROPHONE' | 'SCREEN_SHARE' | 'SCREEN_SHARE_AUDIO'} source
 * @property {boolean} muted
 * @property {number} width pixels, 0 when unknown
 * @property {number} height
 *
 * @typedef {object} Participant
 * @property {string} sid `PA_…`
 * @property {string} identity
 * @property {string} name what people read; falls back to the identity
 * @property {'JOINING' | 'JOINED' | 'ACTIVE' | 'DISCONNECTED'} state
 * @property {number} version never decreases for a sid
 * @property {number} joinedAt milliseconds since 1970
 * @property {Track[]} tracks
 *
 * @typedef {object} Meeting
 * @property {'joining' | 'connected' | 'reconnecting'} phase
 * @property {number} attempt reconnection attempt, from 1; 0 while connected
 * @property {?string} selfSid
 * @property {Record<string, Participant>} participants by sid, this page's own included
 * @property {Record<string, number>} speakers sid to level 0…1, only who speaks now
 * @property {Record<string, string>} quality sid to POOR | GOOD | EXCELLENT | LOST
 * @property {Record<string, true>} media sids of remote tracks whose media section has arrived
 * @property {'new' | 'connecting' | 'connected' | 'disconnected' | 'failed'} transport of the receiving side
 * @property {boolean} recording
 * @property {?number} firstFrameMs from pressing Join to the first remote video frame
 *
 * @typedef {object} Notice
 * @property {number} id
 * @property {'info' | 'problem'} tone
 * @property {string} code i18n key `notice.<code>` for info, fault code for a problem
 * @property {Record<string, string | number>} [params]
 *
 * @typedef {object} State
 * @property {'en' | 'zh-CN'} language
 * @property {Screen} screen
 * @property {string} room
 * @property {string} name
 * @property {boolean} nameFixed the invitation decides the name
 * @property {?Fault} fault shown on the screen until the next step
 * @property {{cameras: {id: string, label: string}[], microphones: {id: string, label: string}[],
 *     cameraId: string, microphoneId: string}} devices
 * @property {{microphone: LocalSource, camera: LocalSource, screen: {status: 'off' | 'opening' | 'on'},
 *     canShareScreen: boolean}} local
 * @property {?Meeting} meeting
 * @property {boolean} rosterOpen
 * @property {boolean} playbackBlocked the browser wants a click before it plays sound
 * @property {Notice[]} notices
 */

/** @returns {Meeting} */
export function initialMeeting() {
    return {
        phase: 'joining', attempt: 0, selfSid: null, participants: {}, speakers: {}, quality: {}, media: {},
        transport: 'new', recording: false, firstFrameMs: null,
    };
}

/** @param {Partial<State>} [given] @returns {State} */
export function initialState(given = {}) {
    return {
        language: 'en',
        screen: 'home',
        room: '',
        name: '',
        nameFixed: false,
        fault: null,
        devices: { cameras: [], microphones: [], cameraId: '', microphoneId: '' },
        local: {
            microphone: { status: 'off', fault: null },
            camera: { status: 'off', fault: null },
            screen: { status: 'off' },
            canShareScreen: false,
        },
        meeting: null,
        rosterOpen: false,
        playbackBlocked: false,
        notices: [],
        ...given,
    };
}
