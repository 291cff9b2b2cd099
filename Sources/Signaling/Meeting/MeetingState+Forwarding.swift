// One participant shown in other meetings as well (ForwardParticipant). Its own meeting sends snapshots of it, each of them
// complete, so that a late one does no harm; the other meeting keeps a guest for it: a participant without socket and
// connection, whose tracks are the publications of the first, wherever those are.
//
//   own meeting   forward ─▶ snapshot of each change ─▶ end
//   other         show ─▶ update ─▶ conclude            a guest that is removed there ends it as well

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

/// What other meetings are told of a participant.
struct ForwardedParticipant: Sendable {
    struct Track: Sendable {
        let info: LiveKitTrackInfo
        let kind: MediaKind
        let publication: PublicationID
        let parameters: PublicationParameters
    }
    /// As its own meeting lists it, without tracks.
    let info: LiveKitParticipantInfo
    let tracks: [Track]
}

/// From one meeting to another, which is named.
enum ForwardMessage: Sendable {
    case changed(ForwardedParticipant, in: String)
    /// Its own meeting shows it no longer; by its sid there.
    case ended(String, in: String)
    /// The other meeting shows it no longer.
    case dropped(String, from: String)
}

/// Where a guest comes from.
struct ForwardOrigin: Sendable, Equatable {
    let meeting: String
    /// In that meeting.
    let sid: String
    /// Of the newest snapshot.
    var version: UInt32
}

// MARK: In its own meeting

extension MeetingState {
    mutating func forward(_ identity: String, to meeting: String) throws(AdministrationError) -> ForwardedParticipant {
        guard let id = identities[identity], let snapshot = snapshot(of: id) else { throw .noSuchParticipant }
        guard participants[id]?.origin == nil else { throw .guest }
        var meetings = forwards[id] ?? []
        guard !meetings.contains(meeting) else { throw .identityTaken }
        guard meetings.count < Limits.forwardsPerParticipant else { throw .tooManyForwards }
        meetings.insert(meeting)
        forwards[id] = meetings
        return snapshot
    }

    mutating func stopForwarding(_ sid: String, to meeting: String) {
        for id in roster where participants[id]?.sid == sid { forwards[id]?.remove(meeting) }
    }

    /// Nil for one who is hidden: it is shown nowhere.
    func snapshot(of id: ParticipantID) -> ForwardedParticipant? {
        guard let participant = participants[id], !participant.rights.isHidden else { return nil }
        let published = participant.publisher.tracks.compactMap { sid in
            tracks[sid].map {
                ForwardedParticipant.Track(
                    info: $0.info, kind: $0.kind, publication: $0.publication, parameters: $0.parameters)
            }
        }
        return ForwardedParticipant(info: participant.info, tracks: published)
    }

    mutating func forwardChange(of id: ParticipantID) {
        guard let meetings = forwards[id] else { return }
        guard let snapshot = snapshot(of: id) else { return endForwards(of: id) }
        for meeting in meetings.sorted() { emit(.forward(.changed(snapshot, in: meeting))) }
    }

    mutating func endForwards(of id: ParticipantID) {
        guard let meetings = forwards.removeValue(forKey: id), let sid = participants[id]?.sid else { return }
        for meeting in meetings.sorted() { emit(.forward(.ended(sid, in: meeting))) }
    }
}

// MARK: In another meeting

extension MeetingState {
    mutating func show(_ forwarded: ForwardedParticipant, from meeting: String) throws(AdministrationError) {
        try expect(forwarded.info.identity)
        let id = nextParticipantID()
        var info = forwarded.info
        info.sid = random.sid("PA_")
        info.state = .active
        info.version = 1
        info.kindDetails.append(.forwarded)
        info.attributes = ReservedAttribute.without(info.attributes)
        info.joinedAt = now.unixSeconds
        info.joinedAtMs = now.unixMilliseconds
        var guest = Participant(
            id: id, place: media.home, granted: Rights(VideoGrant()), rights: Rights(VideoGrant()),
            claims: AccessClaims(identity: info.identity),
            terms: nil, settings: JoinSettings(), joinedAt: now, info: info, session: nil, lastMessageAt: now.uptime)
        guest.origin = ForwardOrigin(meeting: meeting, sid: forwarded.info.sid, version: 0)
        participants[id] = guest
        roster.append(id)
        identities[info.identity] = id
        emptySince = nil
        roomChanged()
        report(.participantJoined, info)
        update(forwarded)
    }

    mutating func update(_ forwarded: ForwardedParticipant) {
        guard let id = guest(forwarded.info.sid), let seen = participants[id]?.origin?.version,
            forwarded.info.version > seen
        else { return }
        participants[id]?.origin?.version = forwarded.info.version
        participants[id]?.info.name = forwarded.info.name
        participants[id]?.info.metadata = forwarded.info.metadata
        participants[id]?.info.attributes = ReservedAttribute.without(forwarded.info.attributes)
        let shown = participants[id]?.publisher.tracks ?? []
        for sid in shown where !forwarded.tracks.contains(where: { $0.info.sid == sid }) { removeTrack(sid) }
        for track in forwarded.tracks {
            let sid = track.info.sid
            if tracks[sid]?.publisher == id {
                tracks[sid]?.info = track.info
                tracks[sid]?.parameters = track.parameters
            } else if tracks[sid] == nil {
                tracks[sid] = Track(
                    publisher: id, publication: track.publication, cid: "", preferences: SectionPreferences(),
                    kind: track.kind, mid: track.info.mid, clientTrackID: nil, info: track.info,
                    parameters: track.parameters)
                trackOrder.append(sid)
                participants[id]?.publisher.tracks.append(sid)
                updates.newTracks.append(sid)
                report(.trackPublished, participants[id]?.info, track.info)
            }
        }
        changed(id, .track)
        roomChanged()
    }

    mutating func conclude(_ sid: String) {
        if let id = guest(sid) { remove(id, .forwardEnded) }
    }

    private func guest(_ sid: String) -> ParticipantID? {
        roster.first { participants[$0]?.origin?.sid == sid }
    }
}
