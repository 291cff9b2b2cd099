// Restriction identifiers (RFC 8851) and the simulcast list built from them (RFC 8853).

/// `a=rid`: one encoding of a section by its name.
public struct Restriction: Sendable, Equatable {
    public enum Direction: String, Sendable, Equatable { case send, recv }
    public var id: String
    public var direction: Direction
    /// `pt=96;max-width=1280`, verbatim. Nil when there is none.
    public var parameters: String?
    public init(id: String, direction: Direction, parameters: String? = nil) {
        self.id = id
        self.direction = direction
        self.parameters = parameters
    }
}

/// `a=simulcast`: the streams sent at the same time, in each direction.
public struct Simulcast: Sendable, Equatable {
    public struct Encoding: Sendable, Equatable {
        public var rid: String
        /// Written with `~`: not sent at first.
        public var isPaused: Bool
        public init(rid: String, isPaused: Bool = false) {
            self.rid = rid
            self.isPaused = isPaused
        }
    }

    /// Each stream with its alternatives, the preferred one first.
    public var send: [[Encoding]]
    public var receive: [[Encoding]]
    public init(send: [[Encoding]] = [], receive: [[Encoding]] = []) {
        self.send = send
        self.receive = receive
    }
}
