// What hosts do in a running meeting. A control is refused before it changes anything, and one that finds everything as it
// shall be changes nothing, so that it may be repeated.

import LiveKitProtocol
import SwiftProtobuf

extension MeetingState {
    /// - Returns: whether something changed.
    mutating func perform(_ control: HostControl, by actor: ControlActor) throws(ControlRefusal) -> Bool {
        guard !hasEnded else { throw .ended }
        // Who is refused does not even make it a meeting with hosts.
        try governed(for: actor).authorize(control, actor)
        begin(for: actor)
        switch control {
        case .mute(let identities, let device, let allowSelf):
            return try mute(identities, device, allowSelf, by: actor)
        case .muteAll(let device, let policy): return muteAll(device, policy, by: actor)
        case .askToUnmute(let identities, let device): return try askToUnmute(identities, device)
        case .askToMute(let identities, let device):
            tell(device == .microphone ? .askMute : .askCameraOff, to: try present(identities))
            return true
        case .stopShare(let identity): return stopShare(of: try subject(identity, of: actor))
        case .set(let change): return set(change)
        case .rename(let identity, let name): return try rename(identity, to: name, by: actor)
        case .raiseHand(let identity): return raiseHand(of: try present(identity))
        case .lowerHand(let identity): return lowerHand(of: try present(identity))
        case .lowerAllHands: return lower(attendees)
        case .spotlight(let identity): return try spotlight(identity)
        case .admit(let identities): return try admit(identities)
        case .admitAll: return try admitAll()
        case .refuse(let identities): return refuse(identities)
        case .notifyWaiting(let text): return notifyWaiting(text)
        case .remove(let identities, let mayReturn): return try remove(identities, mayReturn, by: actor)
        case .extend(let minutes): return try extend(minutes, by: actor)
        case .transfer(let identity): return transfer(to: try present(identity))
        case .setCohost(let identity, let isCohost): return try setCohost(try present(identity), isCohost)
        case .claimHost(let key): return try claimHost(key, by: actor)
        case .rollCall(let identity): return try callRoll(identity, by: actor)
        case .end:
            close()
            return true
        }
    }

    /// The first who speaks of hosts makes the meeting one that has them.
    private mutating func begin(for actor: ControlActor) {
        switch actor {
        case .server: govern(nil)
        case .person(let claims): if let hutong = claims.hutong { govern(hutong.meeting) }
        }
    }

    /// As it would be after `begin`.
    func governed(for actor: ControlActor) -> MeetingState {
        var state = self
        state.begin(for: actor)
        return state
    }

    // MARK: Who may

    /// Hosts steer a meeting also while they are not in it.
    func authorize(_ control: HostControl, _ actor: ControlActor) throws(ControlRefusal) {
        guard case .person(let claims) = actor else { return }
        guard governance != nil else { throw .notHost }
        let here = identities[claims.identity].flatMap { participants[$0] }
        if here?.standing.isWaiting == true, control.reach != .everybody { throw .waiting }
        let role = role(of: actor)
        let isAllowed =
            switch control.reach {
            case .host: role == .host
            case .hosts: role.isHost
            case .oneself(let identity): role.isHost || identity == claims.identity
            case .everybody: true
            }
        guard isAllowed else { throw .notHost }
    }

    func role(of actor: ControlActor) -> MeetingRole {
        guard case .person(let claims) = actor else { return .host }
        if let id = identities[claims.identity], let here = participants[id], !here.standing.isWaiting {
            return here.standing.role
        }
        return governance?.role(of: claims) ?? .member
    }

    /// Superiors are asked and not forced, and a co-host does nothing to the host.
    private func isProtected(_ id: ParticipantID, from actor: ControlActor) -> Bool {
        guard case .person(let claims) = actor, let target = participants[id], target.identity != claims.identity
        else { return false }
        if target.standing.role == .host, role(of: actor) != .host { return true }
        return target.standing.isSuperior && !mayForce(actor)
    }

    private func mayForce(_ actor: ControlActor) -> Bool {
        guard case .person(let claims) = actor else { return true }
        return claims.hutong?.isSuperior == true || governance?.rules.forcesSuperiors == true
    }

    /// In the meeting, and not waiting.
    private func present(_ identity: String) throws(ControlRefusal) -> ParticipantID {
        guard let id = identities[identity], participants[id]?.standing.isWaiting == false,
            participants[id]?.origin == nil
        else { throw .notPresent }
        return id
    }

    private func present(_ identities: [String]) throws(ControlRefusal) -> [ParticipantID] {
        var found: [ParticipantID] = []
        for identity in identities { found.append(try present(identity)) }
        return found
    }

    /// One to whom the actor may do something against its will.
    private func subject(_ identity: String, of actor: ControlActor) throws(ControlRefusal) -> ParticipantID {
        let id = try present(identity)
        guard !isProtected(id, from: actor) else { throw .protectedByRank }
        return id
    }

    // MARK: Microphones and cameras

    private func policy(_ device: HostControl.Device) -> MutePolicy {
        (device == .microphone ? governance?.rules.microphones : governance?.rules.cameras) ?? MutePolicy()
    }

    private mutating func setPolicy(_ policy: MutePolicy, _ device: HostControl.Device) {
        switch device {
        case .microphone: governance?.rules.microphones = policy
        case .camera: governance?.rules.cameras = policy
        }
    }

    private mutating func mute(
        _ identities: [String], _ device: HostControl.Device, _ allowSelf: Bool, by actor: ControlActor
    ) throws(ControlRefusal) -> Bool {
        var subjects: [ParticipantID] = []
        for identity in identities { subjects.append(try subject(identity, of: actor)) }
        let before = policy(device)
        var policy = before
        if allowSelf {
            policy.deny.subtract(identities)
        } else {
            policy.deny.formUnion(identities)
            policy.allow.subtract(identities)
            guard policy.deny.count <= Limits.decisionsPerMeeting else { throw .overLimit }
            if subjects.contains(where: { participants[$0]?.standing.isSuperior == true }) {
                policy.meansSuperiors = true
            }
        }
        setPolicy(policy, device)
        var isChanged = policy != before
        for id in subjects where close(device, of: id) { isChanged = true }
        return isChanged
    }

    private mutating func muteAll(
        _ device: HostControl.Device, _ wanted: MutePolicy, by actor: ControlActor
    ) -> Bool {
        var policy = wanted
        policy.meansSuperiors = mayForce(actor)
        guard policy != self.policy(device) else { return false }
        setPolicy(policy, device)
        enforce(device)
        if policy.all { askSpared(device) }
        return true
    }

    /// Who is asked may.
    private mutating func askToUnmute(
        _ identities: [String], _ device: HostControl.Device
    ) throws(ControlRefusal) -> Bool {
        let asked = try present(identities)
        var policy = policy(device)
        policy.deny.subtract(identities)
        if policy.all { policy.allow.formUnion(identities) }
        guard policy.allow.count <= Limits.decisionsPerMeeting else { throw .overLimit }
        setPolicy(policy, device)
        tell(device == .microphone ? .askUnmute : .askCamera, to: asked)
        return true
    }

    private mutating func callRoll(_ identity: String?, by actor: ControlActor) throws(ControlRefusal) -> Bool {
        let named = try identity.map { identity throws(ControlRefusal) in try present(identity) }
        guard governance?.rollCall != identity else { return false }
        governance?.rollCall = identity
        guard let named else { return true }
        let isForced = mayForce(actor)
        governance?.rules.microphones.meansSuperiors = isForced
        for id in attendees where id != named {
            let isHost = participants[id]?.standing.role.isHost == true
            if isHost ? !isProtected(id, from: actor) : isLocked(.microphone, of: id) { close(.microphone, of: id) }
        }
        askSpared(.microphone, except: identity)
        tell(.askUnmute, to: [named])
        return true
    }

    // MARK: Rules

    private mutating func set(_ change: RulesChange) -> Bool {
        guard let before = governance?.rules else { return false }
        let rules = change.applied(to: before)
        guard rules != before else { return false }
        governance?.rules = rules
        if rules.microphones.allowSelfUnmute != before.microphones.allowSelfUnmute { enforce(.microphone) }
        for id in roster {
            applyRules(to: id)
            showStanding(of: id)
        }
        for id in waiting {
            guard let claims = participants[id]?.claims else { continue }
            if waitReason(claims) == nil { admitIfFree(id) }
        }
        return true
    }

    private mutating func rename(
        _ identity: String, to name: String, by actor: ControlActor
    ) throws(ControlRefusal) -> Bool {
        let id = try subject(identity, of: actor)
        guard role(of: actor).isHost || governance?.rules.selfRename == true else { throw .notAllowed }
        guard !name.isEmpty, name.utf8.count <= Limits.nameBytes else { throw .nameTooLong }
        guard participants[id]?.info.name != name else { return false }
        participants[id]?.info.name = name
        changed(id, .track)
        return true
    }

    // MARK: Hands and the spotlight

    private mutating func raiseHand(of id: ParticipantID) -> Bool {
        guard participants[id]?.standing.handRaisedAt == nil else { return false }
        participants[id]?.standing.handRaisedAt = now.unixMilliseconds
        showStanding(of: id)
        return true
    }

    private mutating func lowerHand(of id: ParticipantID) -> Bool { lower([id]) }

    private mutating func lower(_ ids: [ParticipantID]) -> Bool {
        let raised = ids.filter { participants[$0]?.standing.handRaisedAt != nil }
        for id in raised {
            participants[id]?.standing.handRaisedAt = nil
            showStanding(of: id)
        }
        return !raised.isEmpty
    }

    private mutating func spotlight(_ identity: String?) throws(ControlRefusal) -> Bool {
        if let identity { _ = try present(identity) }
        guard governance?.spotlight != identity else { return false }
        governance?.spotlight = identity
        for id in attendees { showStanding(of: id) }
        return true
    }

    // MARK: The waiting room

    private func waiting(_ identities: [String]) -> [ParticipantID] {
        waiting.filter { id in participants[id].map { identities.contains($0.identity) } ?? false }
    }

    private mutating func admit(_ identities: [String]) throws(ControlRefusal) -> Bool {
        for identity in identities where self.identities[identity] == nil { throw .notPresent }
        let admitted = waiting(identities)
        guard attendance + admitted.count <= settings.maximumParticipants else { throw .meetingFull }
        for id in admitted { admit(id) }
        return !admitted.isEmpty
    }

    /// As many as there is room for, first come first served.
    private mutating func admitAll() throws(ControlRefusal) -> Bool {
        let free = settings.maximumParticipants - attendance
        let all = waiting
        guard free > 0 || all.isEmpty else { throw .meetingFull }
        for id in all.prefix(max(free, 0)) { admit(id) }
        return !all.isEmpty
    }

    private mutating func refuse(_ identities: [String]) -> Bool {
        let refused = waiting(identities)
        for id in refused { remove(id, .notAdmitted) }
        return !refused.isEmpty
    }

    private mutating func notifyWaiting(_ text: String) -> Bool {
        let told = waiting.filter { participants[$0]?.standing.notice != text }
        for id in told {
            participants[id]?.standing.notice = text
            showStanding(of: id)
        }
        return !told.isEmpty
    }

    private mutating func remove(
        _ identities: [String], _ mayReturn: Bool, by actor: ControlActor
    ) throws(ControlRefusal) -> Bool {
        let here = identities.compactMap { self.identities[$0] }
        for id in here where isProtected(id, from: actor) { throw .protectedByRank }
        for identity in identities {
            governance?.admitted.remove(identity)
            guard !mayReturn else { continue }
            let validity = self.identities[identity].flatMap { participants[$0]?.claims.validity }
            emit(.revoke(identity: identity, validity))
        }
        for id in here { remove(id, .removed) }
        return !here.isEmpty
    }

    // MARK: Who hosts

    private mutating func transfer(to id: ParticipantID) -> Bool {
        guard let heir = participants[id], heir.standing.role != .host else { return false }
        for other in attendees where participants[other]?.standing.role == .host {
            governance?.give(.cohost, to: participants[other]?.identity ?? "")
            setRole(.cohost, of: other)
        }
        governance?.give(.host, to: heir.identity)
        setRole(.host, of: id)
        return true
    }

    private mutating func setCohost(_ id: ParticipantID, _ isCohost: Bool) throws(ControlRefusal) -> Bool {
        guard let person = participants[id] else { throw .notPresent }
        guard person.standing.role != .host else { throw .hostPresent }
        guard isCohost != (person.standing.role == .cohost) else { return false }
        let claimed = person.claims.hutong?.role ?? .member
        let role: MeetingRole = isCohost ? .cohost : claimed.isHost ? .member : claimed
        governance?.give(role, to: person.identity)
        setRole(role, of: id)
        return true
    }

    /// By the key, or without one after a while of nobody hosting.
    private mutating func claimHost(_ key: String?, by actor: ControlActor) throws(ControlRefusal) -> Bool {
        guard case .person(let claims) = actor, let id = identities[claims.identity],
            let person = participants[id]
        else { throw .notPresent }
        if person.standing.role == .host, !person.standing.isWaiting { return false }
        guard !attendees.contains(where: { participants[$0]?.standing.role == .host }) else { throw .hostPresent }
        if let key {
            try check(key, of: person.identity)
        } else {
            let isLongAbsent = governance?.hostlessSince.map { now.uptime - $0 >= MeetingTimes.hostAbsence } ?? false
            guard person.standing.mayClaimHost, isLongAbsent, !person.standing.isWaiting else { throw .notHost }
        }
        governance?.give(.host, to: person.identity)
        setRole(.host, of: id)
        admit(id)
        return true
    }

    private mutating func check(_ key: String, of identity: String) throws(ControlRefusal) {
        let tries = governance?.wrongKeys[identity]
        let isOver = tries.map { now.uptime - $0.last >= MeetingTimes.hostKeyLock } ?? true
        if let tries, !isOver, tries.count >= Limits.wrongHostKeys { throw .tooManyTries }
        guard let right = governance?.rules.hostKey, key == right else {
            governance?.wrongKeys[identity] = (isOver ? 1 : (tries?.count ?? 0) + 1, now.uptime)
            throw .wrongKey
        }
        governance?.wrongKeys[identity] = nil
    }

    // MARK: Time

    /// A back end may extend beyond the longest a host may.
    private mutating func extend(_ minutes: Int, by actor: ControlActor) throws(ControlRefusal) -> Bool {
        guard let governance, let closesAt = governance.closesAt else { throw .notAllowed }
        let end = closesAt + .seconds(minutes * 60)
        guard end <= (actor == .server ? governance.since.uptime + MeetingTimes.longestMeeting : governance.latestEnd)
        else { throw .overLimit }
        self.governance?.closesAt = end
        self.governance?.forgetPastNotices(now.uptime)
        return true
    }
}
