// The server's side of ICE (RFC 8445, 2.5, "lite"): it answers checks and believes them, and never sends one. One agent
// per transport. It decides which addresses have proved the password, which of them gets our packets, and when the
// other side has stopped agreeing (RFC 7675). Sockets, timers and the table of addresses are the worker's.

struct ICELiteAgent: Sendable {
    /// Our fragment and password, and the other side's fragment once its description is known.
    private struct Credentials {
        var local: ICECredentials
        var key: [UInt8]
        var remoteFragment: [UInt8]?

        init(local: ICECredentials, remote: ICECredentials?) {
            self.local = local
            key = Array(local.password.utf8)
            remoteFragment = remote.map { Array($0.usernameFragment.utf8) }
        }
    }

    private struct ValidatedAddress {
        let address: SocketAddress
        var lastCheck: MediaTime
        /// The newest check with USE-CANDIDATE.
        var lastNomination: MediaTime?
    }

    private var current: Credentials
    /// Those before a restart, until a check with the current ones has succeeded (RFC 8445, 9).
    private var previous: Credentials?
    /// At most `Limits.ICE.addresses`.
    private var addresses: [ValidatedAddress] = []
    /// Where our packets go; nil until the first valid check and after consent was lost.
    private(set) var selected: SocketAddress?
    private(set) var counters = ICECounters()

    /// Before the remote description is known any remote fragment is accepted: the password is ours and proves enough.
    init(local: ICECredentials, remote: ICECredentials? = nil) {
        current = Credentials(local: local, remote: remote)
    }

    /// Every fragment by which a check may name this agent.
    var localUsernameFragments: [String] {
        [current.local.usernameFragment] + (previous.map { [$0.local.usernameFragment] } ?? [])
    }

    mutating func setRemote(_ remote: ICECredentials) {
        current.remoteFragment = Array(remote.usernameFragment.utf8)
    }

    /// New credentials. Those in force stay valid, and media keeps flowing, until a check with the new ones succeeds.
    mutating func restart(local: ICECredentials, remote: ICECredentials? = nil) -> [ICEAction] {
        let forgotten = previous
        previous = current
        current = Credentials(local: local, remote: remote)
        return forgotten.map { [.retired(usernameFragment: $0.local.usernameFragment)] } ?? []
    }

    mutating func receive(_ message: STUNMessage, from address: SocketAddress, now: MediaTime) -> [ICEAction] {
        guard message.messageClass == .request, message.method == STUNMessage.bindingMethod else {
            counters.unexpected &+= 1
            return []
        }
        guard let fragments = message.usernameFragments, let credentials = credentials(for: fragments) else {
            counters.unknownUsername &+= 1
            return []
        }
        guard message.isAuthentic(key: credentials.key) else {
            counters.unauthenticated &+= 1
            return []
        }
        // From here on the sender knows our password.
        if !message.unknownAttributes.isEmpty {
            return answer(message, to: address, key: credentials.key) { writer in
                writer.write(errorCode: 420)
                writer.write(unknownAttributes: message.unknownAttributes)
            }
        }
        // RFC 8445, 6.1.1: towards a lite agent the other side controls; one that thinks it does not must change.
        if message.isControlled {
            counters.roleConflicts &+= 1
            return answer(message, to: address, key: credentials.key) { $0.write(errorCode: 487) }
        }
        counters.accepted &+= 1
        var actions = answer(message, to: address, key: credentials.key) { $0.write(mappedAddress: address) }
        if credentials.local == current.local, let old = previous {
            previous = nil
            actions.append(.retired(usernameFragment: old.local.usernameFragment))
        }
        if noteCheck(from: address, nominates: message.usesCandidate, now: now) { actions.append(.validated(address)) }
        if selected != address, selected == nil || message.usesCandidate && mayReplaceSelected(address, now: now) {
            selected = address
            actions.append(.selected(address))
        }
        return actions
    }

    /// The newest nomination counts, with one exception: a client that nominates every pair it checks means the best of
    /// them (RFC 5245, 8.1.1.2), and UDP is better than TCP.
    private func mayReplaceSelected(_ address: SocketAddress, now: MediaTime) -> Bool {
        guard address.kind == .tcp, let selected, selected.kind == .udp,
            let nominated = addresses.first(where: { $0.address == selected })?.lastNomination
        else { return true }
        return nominated + Limits.ICE.rivalNomination <= now
    }

    private func credentials(for fragments: (local: ArraySlice<UInt8>, remote: ArraySlice<UInt8>)) -> Credentials? {
        func match(_ credentials: Credentials) -> Bool {
            guard fragments.local.elementsEqual(credentials.local.usernameFragment.utf8) else { return false }
            guard let remoteFragment = credentials.remoteFragment else { return true }
            return fragments.remote.elementsEqual(remoteFragment)
        }
        if match(current) { return current }
        guard let previous, match(previous) else { return nil }
        return previous
    }

    private func answer(
        _ request: STUNMessage, to address: SocketAddress, key: [UInt8], content: (inout STUNWriter) -> Void
    ) -> [ICEAction] {
        let isError = request.isControlled || !request.unknownAttributes.isEmpty
        var writer = STUNWriter(isError ? .error : .success, transactionID: request.transactionID)
        content(&writer)
        return writer.finish(key: key).map { [.send($0, to: address)] } ?? []
    }

    /// Whether the address is new. The one unheard for longest makes room, never the selected one.
    private mutating func noteCheck(from address: SocketAddress, nominates: Bool, now: MediaTime) -> Bool {
        if let index = addresses.firstIndex(where: { $0.address == address }) {
            addresses[index].lastCheck = max(addresses[index].lastCheck, now)
            if nominates { addresses[index].lastNomination = now }
            return false
        }
        if addresses.count >= Limits.ICE.addresses,
            let oldest = addresses.indices
                .filter({ addresses[$0].address != selected })
                .min(by: { addresses[$0].lastCheck < addresses[$1].lastCheck })
        {
            addresses.remove(at: oldest)
        }
        addresses.append(
            ValidatedAddress(address: address, lastCheck: now, lastNomination: nominates ? now : nil))
        return true
    }

    /// The newest valid check, from whichever address.
    var lastCheck: MediaTime? { addresses.map(\.lastCheck).max() }

    /// When the selected address will have been silent for too long; `.never` when there is none.
    var nextDeadline: MediaTime {
        guard let selected, let entry = addresses.first(where: { $0.address == selected }) else { return .never }
        return entry.lastCheck + Limits.ICE.consent
    }

    /// Judges consent. A client whose selected address fell silent while another goes on is followed there; one with no
    /// fresh address is disconnected, and all it had proved is forgotten.
    mutating func handleTimeout(now: MediaTime) -> [ICEAction] {
        guard selected != nil, nextDeadline <= now else { return [] }
        addresses.removeAll { $0.lastCheck + Limits.ICE.consent <= now }
        guard let freshest = addresses.max(by: { $0.lastCheck < $1.lastCheck }) else {
            selected = nil
            return [.disconnected]
        }
        selected = freshest.address
        return [.selected(freshest.address)]
    }
}
