// The seam between the HTTP edge (sockets, upgrades, limits of bytes) and the sessions behind it (tokens, meetings).
// The edge knows no meeting; a session knows no socket.

/// One WebSocket message. A session answers in the form the client last used.
public enum SignalFrame: Sendable, Equatable {
    case binary([UInt8])
    case text(String)
}

/// A client at the door, as the edge saw it.
public struct SignalRequest: Sendable {
    /// The path decides the protocol: `/rtc` is v0 (two peer connections), `/rtc/v1` is v1 (one).
    public enum Version: String, Sendable, CaseIterable { case v0, v1 }

    public var version: Version
    /// Percent-decoded query items in their order.
    public var query: [(name: String, value: String)]
    /// From `Authorization: Bearer`, else from the query's `access_token`. Never logged.
    public var token: String?
    /// For log lines and limits, without the port.
    public var remoteAddress: String

    public init(version: Version, query: [(name: String, value: String)], token: String?, remoteAddress: String) {
        self.version = version
        self.query = query
        self.token = token
        self.remoteAddress = remoteAddress
    }

    public subscript(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// Why a client is not let in: an HTTP status and a short plain text body (livekit-wire.md, 1.6).
public struct SignalRefusal: Error, Sendable, Equatable {
    public var status: Int
    public var reason: String
    public init(status: Int, reason: String) {
        self.status = status
        self.reason = reason
    }
}

/// What leaves a session towards its socket.
public enum SignalOutput: Sendable, Equatable {
    case frame(SignalFrame)
    /// The last output: the edge sends a close frame and ends the connection.
    case close(code: UInt16, reason: String)
    /// The last output: the connection ends without a word, as when the server's machine dies.
    case abort
}

/// One admitted client as the edge drives it: frames in, in order; outputs out, in order, by one writer.
public protocol SignalSession: Sendable {
    associatedtype Outputs: AsyncSequence<SignalOutput, Never> & Sendable
    /// Bounded in bytes: a client that reads too slowly finds its session ended, never the room slowed down.
    /// Iterated once, by the edge.
    var outputs: Outputs { get }
    func receive(_ frame: SignalFrame) async
    /// The socket is gone, for whatever reason; called exactly once, last.
    func socketClosed() async
}

public protocol SignalGateway: Sendable {
    associatedtype Session: SignalSession
    /// Makes every check `open` would make, and admits nobody (`/rtc/validate`).
    func validate(_ request: SignalRequest) async throws(SignalRefusal)
    /// Called before the upgrade is answered, so that a refusal is an ordinary HTTP status.
    func open(_ request: SignalRequest) async throws(SignalRefusal) -> Session
}
