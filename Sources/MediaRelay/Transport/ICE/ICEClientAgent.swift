// The client's side of ICE towards a lite server: it controls, so it checks every candidate of the server, nominates one
// and keeps asking for consent. For the tests' and the load test's participants; real clients bring their own. It has
// one socket, so a candidate pair is named by the remote address alone.

struct ICEClientAgent: Sendable {
    private struct Candidate {
        let address: SocketAddress
        /// The open requests, newest last, at most `openRequests`.
        var requests: [Request] = []
        var isValid = false
        var lastAnswer = MediaTime.never
        var nextCheck: MediaTime
        /// Unanswered checks in a row.
        var silence = 0
    }

    private struct Request {
        let transactionID: STUNTransactionID
        let nominates: Bool
    }

    /// RFC 8445, 14.2: at least 50 ms between new checks.
    static let pacing = MediaSpan.milliseconds(50)
    /// RFC 8445, 14.3: the first repetition after half a second, doubling from there.
    static let firstRepetition = MediaSpan.milliseconds(500)
    /// Consent checks come this far apart, at random between the two (RFC 7675, 5.1), so that 300 clients of one load
    /// test do not ask in step.
    static let keepAlive = 2_500_000...UInt64(5_000_000)
    /// An answer later than so many checks is of no use.
    private static let openRequests = 4
    /// Unanswered checks on the selected candidate until all others are asked again.
    private static let suspicion = 2

    private let key: [UInt8]
    private let username: String
    private let tieBreaker: UInt64
    private var candidates: [Candidate]
    private(set) var selected: SocketAddress?
    private(set) var mappedAddress: SocketAddress?
    private(set) var counters = ICECounters()
    private var isStarted = false

    /// `candidates` come in order of preference; those beyond `Limits.ICE.candidates` are left out.
    init(local: ICECredentials, remote: ICECredentials, candidates: [SocketAddress], tieBreaker: UInt64) {
        key = Array(remote.password.utf8)
        username = remote.usernameFragment + ":" + local.usernameFragment
        self.tieBreaker = tieBreaker
        self.candidates = candidates.prefix(Limits.ICE.candidates).map { address in
            Candidate(address: address, nextCheck: MediaTime(microseconds: 0))
        }
    }

    /// When `handleTimeout` wants to be called; the origin of time before the first call.
    var nextDeadline: MediaTime {
        var deadline = candidates.map(\.nextCheck).min() ?? .never
        if let consentEnd { deadline = min(deadline, consentEnd) }
        return deadline
    }

    private var consentEnd: MediaTime? {
        guard let selected, let candidate = candidates.first(where: { $0.address == selected }) else { return nil }
        return candidate.lastAnswer + Limits.ICE.consent
    }

    /// Whether a success or error with this transaction answers one of our checks.
    func isAwaiting(_ id: STUNTransactionID) -> Bool {
        candidates.contains { $0.requests.contains { $0.transactionID == id } }
    }

    /// Our own address may have changed: asks everybody again at once.
    mutating func networkChanged(now: MediaTime) {
        for index in candidates.indices {
            candidates[index].nextCheck = now
            candidates[index].silence = 0
        }
    }

    /// Sends the checks that are due and judges consent.
    mutating func handleTimeout(now: MediaTime, using generator: inout some RandomNumberGenerator) -> [ICEAction] {
        var actions: [ICEAction] = []
        if !isStarted {
            isStarted = true
            for index in candidates.indices { candidates[index].nextCheck = now + Self.pacing * UInt64(index) }
        }
        if let consentEnd, consentEnd <= now {
            selected = nil
            for index in candidates.indices { candidates[index].isValid = false }
            networkChanged(now: now)
            actions.append(.disconnected)
        }
        for index in candidates.indices where candidates[index].nextCheck <= now {
            check(index, now: now, using: &generator, into: &actions)
        }
        return actions
    }

    /// USE-CANDIDATE goes with every check of the best candidate: the selected one, else the first that answered, else
    /// the first that has not yet been silent (aggressive nomination: one round trip less for the common case).
    private var nominee: Int? {
        if let selected { return candidates.firstIndex { $0.address == selected } }
        return candidates.firstIndex(where: \.isValid) ?? candidates.firstIndex { $0.silence < Self.suspicion } ?? 0
    }

    private mutating func check(
        _ index: Int, now: MediaTime, using generator: inout some RandomNumberGenerator, into actions: inout [ICEAction]
    ) {
        let id = STUNTransactionID(using: &generator)
        let nominates = nominee == index
        var writer = STUNWriter(.request, transactionID: id)
        writer.write(username: username)
        // RFC 8445, 5.1.2.1 with a peer-reflexive type preference of 110, one component.
        writer.write(priority: 110 << 24 | UInt32(UInt16.max &- UInt16(truncatingIfNeeded: index)) << 8 | 255)
        writer.write(controllingTieBreaker: tieBreaker)
        if nominates { writer.writeUseCandidate() }

        var candidate = candidates[index]
        candidate.requests.append(Request(transactionID: id, nominates: nominates))
        if candidate.requests.count > Self.openRequests { candidate.requests.removeFirst() }
        candidate.silence = min(candidate.silence &+ 1, 64)
        if candidate.isValid, candidate.silence <= 1 {
            candidate.nextCheck = now + .microseconds(UInt64.random(in: Self.keepAlive, using: &generator))
        } else {
            let doublings = UInt64(min(candidate.silence &- 1, 3))
            candidate.nextCheck = now + Self.firstRepetition * (1 << doublings)
        }
        candidates[index] = candidate
        if let request = writer.finish(key: key) { actions.append(.send(request, to: candidate.address)) }
        if selected == candidate.address, candidate.silence == Self.suspicion {
            for other in candidates.indices where other != index { candidates[other].nextCheck = now }
        }
    }

    mutating func receive(
        _ message: STUNMessage, from address: SocketAddress, now: MediaTime,
        using generator: inout some RandomNumberGenerator
    ) -> [ICEAction] {
        guard message.messageClass == .success || message.messageClass == .error,
            let index = candidates.firstIndex(where: { candidate in
                // RFC 8445, 7.2.5.2.1: an answer from another address than the one asked is not believed.
                candidate.address == address
                    && candidate.requests.contains { $0.transactionID == message.transactionID }
            }),
            let request = candidates[index].requests.first(where: { $0.transactionID == message.transactionID })
        else {
            counters.unexpected &+= 1
            return []
        }
        guard message.isAuthentic(key: key) else {
            counters.unauthenticated &+= 1
            return []
        }
        candidates[index].requests.removeAll { $0.transactionID == message.transactionID }
        guard message.messageClass == .success, let mapped = message.mappedAddress else {
            if message.errorCode == 487 { counters.roleConflicts &+= 1 }
            return []
        }
        counters.accepted &+= 1
        return accept(request, at: index, mapped: mapped, now: now, using: &generator)
    }

    private mutating func accept(
        _ request: Request, at index: Int, mapped: SocketAddress, now: MediaTime,
        using generator: inout some RandomNumberGenerator
    ) -> [ICEAction] {
        var actions: [ICEAction] = []
        let address = candidates[index].address
        let isNew = !candidates[index].isValid
        candidates[index].isValid = true
        candidates[index].lastAnswer = now
        candidates[index].silence = 0
        candidates[index].nextCheck = now + .microseconds(UInt64.random(in: Self.keepAlive, using: &generator))
        mappedAddress = mapped
        if isNew { actions.append(.validated(address)) }
        if selected == address { return actions }
        let selectedIsSilent = candidates.contains { $0.address == selected && $0.silence >= Self.suspicion }
        if request.nominates, selected == nil {
            selected = address
            actions.append(.selected(address))
        } else if selected == nil || selectedIsSilent {
            // It answers and the nominee does not: nominate it instead.
            selected = nil
            for other in candidates.indices where candidates[other].silence >= Self.suspicion {
                candidates[other].isValid = false
            }
            candidates[index].nextCheck = now
            check(index, now: now, using: &generator, into: &actions)
        }
        return actions
    }
}
