// What signaling needs of the media side, and nothing more: so that a meeting can be tested by messages alone.

public protocol MediaPlane: Sendable {
    /// Of the DTLS certificate, the same on every worker.
    var fingerprint: Fingerprint { get }
    var identifiers: IdentifierPool { get }
    /// The worker for a new meeting.
    func place() -> WorkerIndex
    /// The worker for one more in a meeting that began on `home` and has so many `participants`. Both connections of a
    /// participant are on one worker; who is on which makes no difference to what they may do with each other.
    func place(near home: WorkerIndex, participants: Int) -> WorkerIndex
    /// Where clients of this worker send to, best first.
    func candidates(of worker: WorkerIndex) -> [ICECandidate]
    /// Never waits. Commands of one call reach each worker together and in their order.
    func post(_ commands: [Command])
}
