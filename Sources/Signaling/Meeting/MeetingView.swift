// What hosts see of their meeting: the rules, who is there, who waits. The names of fields are the API's.

import LiveKitProtocol

struct MeetingView: Sendable, Equatable, Encodable {
    struct Person: Sendable, Equatable, Encodable {
        var identity: String
        var name: String
        var role: MeetingRole
        var isSuperior: Bool
        /// Milliseconds since 1970.
        var handRaisedAt: Int64?
        var microphone: DeviceState
        var camera: DeviceState
        var isSharing: Bool
        /// Seconds since 1970.
        var joinedAt: Int64
    }
    enum DeviceState: String, Sendable, Encodable {
        case none, open, muted
        /// Muted, and not to be opened by its owner.
        case locked
    }
    struct Waiting: Sendable, Equatable, Encodable {
        var identity: String
        var name: String
        var role: MeetingRole
        var since: Int64
        var isForHost: Bool
    }
    struct Rules: Sendable, Equatable, Encodable {
        var waitingRoom: WaitingRoom
        var muteOnEntry: EntryMuting
        var sharing: SharingRule
        var chat: ChatRule
        var selfRename: Bool
        var allowGuests: Bool
        var enterBeforeHost: Bool
        var locked: Bool
        var showsSeniors: Bool
        var succession: SuccessionRule
        var hasHostKey: Bool
        var microphones: Policy
        var cameras: Policy
    }
    struct Policy: Sendable, Equatable, Encodable {
        var all: Bool
        var allow: [String]
        var deny: [String]
        var allowSelfUnmute: Bool

        init(_ policy: MutePolicy) {
            all = policy.all
            allow = policy.allow.sorted()
            deny = policy.deny.sorted()
            allowSelfUnmute = policy.allowSelfUnmute
        }
    }
    var name: String
    var rules: Rules
    var maxParticipants: Int
    /// Whether a superior is there, if that is to be shown.
    var seniorPresent: Bool
    var rollCall: String?
    var spotlight: String?
    /// Seconds since 1970; nil: no limit.
    var endsAt: Int64?
    /// Hosts, co-hosts, superiors, members, guests; in each group in the order of coming.
    var participants: [Person]
    /// The longest waiting first.
    var waiting: [Waiting]
}

extension MeetingState {
    /// Looking changes nothing, also where nobody hosts.
    func view(for actor: ControlActor) throws(ControlRefusal) -> MeetingView {
        let state = governed(for: actor)
        // The rights of whoever lowers all hands: a host's.
        try state.authorize(.lowerAllHands, actor)
        return try state.view()
    }

    private func view() throws(ControlRefusal) -> MeetingView {
        guard let governance else { throw .ended }
        let rules = governance.rules
        let people = attendees.compactMap { person($0) }
        return MeetingView(
            name: name,
            rules: MeetingView.Rules(
                waitingRoom: rules.waitingRoom, muteOnEntry: rules.muteOnEntry, sharing: rules.sharing,
                chat: rules.chat, selfRename: rules.selfRename, allowGuests: rules.allowGuests,
                enterBeforeHost: rules.enterBeforeHost, locked: rules.isLocked, showsSeniors: rules.showsSeniors,
                succession: rules.succession, hasHostKey: rules.hostKey != nil,
                microphones: MeetingView.Policy(rules.microphones), cameras: MeetingView.Policy(rules.cameras)),
            maxParticipants: settings.maximumParticipants,
            seniorPresent: rules.showsSeniors && people.contains(where: \.isSuperior), rollCall: governance.rollCall,
            spotlight: governance.spotlight,
            endsAt: governance.closesAt.map { _ in
                now.unixSeconds + max(.zero, governance.end - now.uptime).components.seconds
            },
            participants: MeetingView.Order.allCases.flatMap { order in people.filter { order.means($0) } },
            waiting: waiting.compactMap { id in
                participants[id].map { person in
                    MeetingView.Waiting(
                        identity: person.identity, name: person.info.name, role: person.standing.role,
                        since: person.joinedAt.unixSeconds, isForHost: person.standing.waitsFor == .host)
                }
            })
    }

    private func person(_ id: ParticipantID) -> MeetingView.Person? {
        guard let person = participants[id], !person.rights.isHidden else { return nil }
        let own = ownTracks(of: id)
        func state(_ device: HostControl.Device) -> MeetingView.DeviceState {
            if isLocked(device, of: id) { return .locked }
            let tracks = own.filter { self.device($0, of: id) == device }
            return tracks.isEmpty ? .none : tracks.allSatisfy(\.muted) ? .muted : .open
        }
        return MeetingView.Person(
            identity: person.identity, name: person.info.name, role: person.standing.role,
            isSuperior: person.standing.isSuperior, handRaisedAt: person.standing.handRaisedAt,
            microphone: state(.microphone), camera: state(.camera), isSharing: isSharing(id),
            joinedAt: person.joinedAt.unixSeconds)
    }
}

extension MeetingView {
    /// The groups of the roster (product.md, 1.3).
    fileprivate enum Order: CaseIterable {
        case host, cohosts, superiors, members, guests

        func means(_ person: Person) -> Bool { self == Self.of(person) }

        private static func of(_ person: Person) -> Order {
            switch person.role {
            case .host: .host
            case .cohost: .cohosts
            case .member, .guest: person.isSuperior ? .superiors : person.role == .member ? .members : .guests
            }
        }
    }
}
