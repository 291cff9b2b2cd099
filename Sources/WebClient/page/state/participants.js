// The roster: who is here, who speaks, how well each is connected. Rules of the wire (livekit-wire.md 2.7, 4.1, 4.6):
// a participant's version never decreases, speakers come as changes, an identity that comes back replaces itself.

/** Join or re-join: the server's list replaces everything known before. */
export function admitted(meeting, { self, others, recording }) {
    const participants = {};
    for (const participant of [self, ...others]) participants[participant.sid] = participant;
    return {
        ...meeting, phase: 'connected', attempt: 0, selfSid: self.sid, participants, recording,
        speakers: {}, quality: {}, media: {},
    };
}

export function participantsUpdated(meeting, { participants: updates }) {
    let participants = meeting.participants;
    for (const update of updates) {
        const known = participants[update.sid];
        if (known && update.version < known.version) continue;
        participants = { ...participants };
        if (update.state === 'DISCONNECTED') {
            delete participants[update.sid];
            continue;
        }
        // The same person under a new sid: the old entry will get no farewell of its own (livekit-wire.md 4.8).
        for (const [sid, other] of Object.entries(participants)) {
            if (other.identity === update.identity && sid !== update.sid && sid !== meeting.selfSid) {
                delete participants[sid];
            }
        }
        participants[update.sid] = update;
    }
    if (participants === meeting.participants) return meeting;
    return { ...meeting, ...withoutTheGone(meeting, participants), participants };
}

/** Entries are changes: active ones are set, the others removed. */
export function speakersChanged(meeting, { speakers: changes }) {
    const speakers = { ...meeting.speakers };
    for (const { sid, level, active } of changes) {
        if (active && meeting.participants[sid]) speakers[sid] = level;
        else delete speakers[sid];
    }
    return { ...meeting, speakers };
}

export function qualityChanged(meeting, { updates }) {
    const quality = { ...meeting.quality };
    for (const { sid, quality: value } of updates) if (meeting.participants[sid]) quality[sid] = value;
    return { ...meeting, quality };
}

/** What is remembered beside the roster, without those who left and the tracks that ended. */
function withoutTheGone(meeting, participants) {
    const trackSids = new Set(Object.values(participants).flatMap(({ tracks }) => tracks.map(({ sid }) => sid)));
    return {
        speakers: keep(meeting.speakers, (sid) => sid in participants),
        quality: keep(meeting.quality, (sid) => sid in participants),
        media: keep(meeting.media, (sid) => trackSids.has(sid)),
    };
}

function keep(record, wanted) {
    return Object.fromEntries(Object.entries(record).filter(([key]) => wanted(key)));
}
