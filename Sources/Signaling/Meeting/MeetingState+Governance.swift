// Roles: who has which when it comes in, who follows a host who leaves, and how everybody is shown them. The rules reach
// clients as rights, which all SDKs understand; what they say of themselves are attributes that only the server writes.

import Foundation
import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

/// Attributes that are the server's own.
enum ReservedAttribute {
    static let prefix = "hutong."
    static let role = "hutong.role"
    /// Milliseconds since 1970.
    static let hand = "hutong.hand"
    static let spotlight = "hutong.spotlight"
    static let senior = "hutong.senior"
    static let waiting = "hutong.waiting"
    static let notice = "hutong.notice"

    static func without(_ attributes: [String: String]) -> [String: String] {
        attributes.filter { !$0.key.hasPrefix(prefix) }
    }
}

extension AccessClaims {
    /// Robots that a back end sends; they neither wait nor have a role.
    var isMachine: Bool {
        video.hidden == true || video.recorder == true || video.agent == true
            || !(kind.isEmpty || kind == "standard" || kind == "sip")
    }
}

extension MeetingState {
    /// Begins to have hosts. Who is here already is in.
    mutating func govern(_ terms: MeetingTerms?) {
        guard governance == nil else { return }
        governance = Governance(terms, at: now)
        if let preset = terms?.preset { settings.maximumParticipants = preset.maximumParticipants }
        for id in roster {
            guard let identity = participants[id]?.identity else { continue }
            governance?.remember(admitted: identity)
            showStanding(of: id)
        }
    }

    /// Those in the meeting, in the order of coming.
    var attendees: [ParticipantID] { roster.filter { participants[$0]?.standing.isWaiting == false } }
    var waiting: [ParticipantID] { roster.filter { participants[$0]?.standing.isWaiting == true } }
    var attendance: Int { participants.values.count { !$0.standing.isWaiting } }

    private var presentHost: ParticipantID? {
        attendees.first { participants[$0]?.standing.role == .host && participants[$0]?.origin == nil }
    }
    var hosts: [ParticipantID] { attendees.filter { participants[$0]?.standing.role.isHost == true } }

    // MARK: Coming in

    /// What a governed meeting objects to.
    func entranceRefusal(_ claims: AccessClaims) -> ControlRefusal? {
        guard let governance = governance(for: claims), !claims.isMachine else { return nil }
        let role = governance.role(of: claims)
        guard !role.isHost else { return nil }
        let rules = governance.rules
        if role == .guest, !rules.allowGuests { return .notInvited }
        if let start = rules.startsAt, now.unixSeconds < start - Int64(rules.earlyMinutes * 60), hosts.isEmpty {
            return .tooEarly
        }
        return rules.isLocked && !governance.admitted.contains(claims.identity) ? .locked : nil
    }

    /// As it would be with this one in it.
    private func governance(for claims: AccessClaims) -> Governance? {
        governance ?? claims.hutong.map { Governance($0.meeting, at: now) }
    }

    func waitReason(_ claims: AccessClaims) -> Standing.WaitReason? {
        guard let governance = governance(for: claims), !claims.isMachine else { return nil }
        let role = governance.role(of: claims)
        guard !role.isHost, !governance.admitted.contains(claims.identity) else { return nil }
        switch governance.rules.waitingRoom {
        case .all: return .approval
        case .guests: if role == .guest { return .approval }
        case .off: break
        }
        return !governance.rules.enterBeforeHost && hosts.isEmpty ? .host : nil
    }

    /// - Parameter earlier: of the same identity, whose place it takes.
    mutating func standing(of claims: AccessClaims, after earlier: Standing?) -> Standing {
        var standing = earlier ?? Standing()
        standing.member = claims.member
        standing.epoch = claims.hutong?.epoch ?? 0
        standing.isSuperior = claims.hutong?.isSuperior ?? false
        standing.mayClaimHost = claims.hutong?.mayClaimHost ?? false
        guard earlier == nil, let governance else { return standing }
        standing.waitsFor = waitReason(claims)
        standing.role = governance.role(of: claims)
        if standing.role == .host, let host = presentHost {
            if let before = participants[host]?.standing.standsInAs {
                setRole(before, of: host)
            } else {
                standing.role = .cohost
            }
        }
        switch governance.rules.muteOnEntry {
        case .off: break
        case .on: standing.entersMuted = !standing.role.isHost
        case .crowd: standing.entersMuted = !standing.role.isHost && attendance >= MeetingRules.crowd
        }
        return standing
    }

    /// Somebody is in the meeting now, by joining or by admission.
    mutating func entered(_ id: ParticipantID) {
        guard governance != nil, let participant = participants[id] else { return }
        governance?.remember(admitted: participant.identity)
        if participant.standing.role.isHost { hostCame() }
    }

    private mutating func hostCame() {
        governance?.hostlessSince = nil
        if governance?.leaderlessUntil != nil {
            governance?.leaderlessUntil = nil
            governance?.forgetPastNotices(now.uptime)
        }
        for id in waiting where participants[id]?.standing.waitsFor == .host { admitIfFree(id) }
    }

    // MARK: Roles

    /// For the stay; `Governance.roles` is what outlasts it.
    mutating func setRole(_ role: MeetingRole, of id: ParticipantID, standingInAs before: MeetingRole? = nil) {
        guard participants[id] != nil else { return }
        let was = participants[id]?.standing.role
        participants[id]?.standing.role = role
        participants[id]?.standing.standsInAs = before
        showStanding(of: id)
        applyRules(to: id)
        if role.isHost, participants[id]?.standing.isWaiting == false { hostCame() }
        if role == .host, was != .host { tell(.youAreHost, to: [id]) }
        if hosts.isEmpty, governance?.hostlessSince == nil { governance?.hostlessSince = now.uptime }
    }

    /// Somebody left for good.
    mutating func follow(_ gone: Participant) {
        guard governance != nil, !isDispersing, !gone.standing.isWaiting, gone.standing.role.isHost else { return }
        if gone.standing.role == .host, presentHost == nil, let successor {
            setRole(.host, of: successor, standingInAs: participants[successor]?.standing.role)
        }
        if hosts.isEmpty { governance?.hostlessSince = now.uptime }
    }

    private var successor: ParticipantID? {
        let present = attendees.compactMap { participants[$0] }
            .filter { $0.origin == nil && !$0.claims.isMachine }
        let cohost = present.first { $0.standing.role == .cohost }
        let superior = present.first { $0.standing.isSuperior }
        return switch governance?.rules.succession {
        case .superior: (cohost ?? superior)?.id
        case .member: (cohost ?? superior ?? present.first { $0.standing.role == .member })?.id
        case .nobody, nil: cohost?.id
        }
    }

    // MARK: What clients see

    /// A participant's attributes with the server's own.
    func attributes(of participant: Participant) -> [String: String] {
        var attributes = ReservedAttribute.without(participant.info.attributes)
        guard let governance, !participant.claims.isMachine, participant.origin == nil else { return attributes }
        let standing = participant.standing
        attributes[ReservedAttribute.role] = standing.role.rawValue
        attributes[ReservedAttribute.hand] = standing.handRaisedAt.map { String($0) }
        if governance.spotlight == participant.identity { attributes[ReservedAttribute.spotlight] = "1" }
        if governance.rules.showsSeniors, standing.isSuperior { attributes[ReservedAttribute.senior] = "1" }
        if standing.isWaiting {
            attributes[ReservedAttribute.waiting] = "1"
            if !standing.notice.isEmpty { attributes[ReservedAttribute.notice] = standing.notice }
        }
        return attributes
    }

    mutating func showStanding(of id: ParticipantID) {
        guard let participant = participants[id], participant.origin == nil else { return }
        let attributes = attributes(of: participant)
        guard attributes != participant.info.attributes else { return }
        participants[id]?.info.attributes = attributes
        changed(id, .track)
    }

    // MARK: Rules as rights

    /// What a back end gives, of which the rules leave something.
    mutating func grant(_ rights: Rights, to id: ParticipantID) {
        participants[id]?.granted = rights
        applyRules(to: id)
    }

    mutating func applyRules(to id: ParticipantID) {
        guard let participant = participants[id] else { return }
        setRights(rights(of: participant.standing, granted: participant.granted), of: id)
    }

    func rights(of standing: Standing, granted: Rights) -> Rights {
        guard let rules = governance?.rules else { return granted }
        var rights = granted
        if standing.isWaiting {
            rights.canPublish = false
            rights.canSubscribe = false
            rights.canPublishData = false
            rights.canSubscribeMetrics = false
            rights.isHidden = true
            return rights
        }
        guard !standing.role.isHost else {
            if rules.chat == .off { rights.canPublishData = false }
            return rights
        }
        if rules.chat != .all { rights.canPublishData = false }
        if rules.sharing == .hosts {
            let all = Set(LiveKitTrackSource.allCases.compactMap(\.claim))
            let left = (granted.sources ?? all).subtracting(Self.shareSources.compactMap(\.claim))
            rights.sources = left
            // An empty list would say every source to clients.
            if left.isEmpty { rights.canPublish = false }
        }
        return rights
    }

    static let shareSources: [LiveKitTrackSource] = [.screenShare, .screenShareAudio]
}
