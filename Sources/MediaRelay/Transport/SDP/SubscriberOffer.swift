// What goes out and comes back when we offer tracks on a connection of their own (v0).

public struct SubscriberOffer: Sendable, Equatable {
    public var sdp: String
    /// Complete: every section that carries a track in this offer.
    public var midToTrackID: [String: String]
}

public struct SubscriberAnswer: Sendable, Equatable {
    public var remote: RemoteTransportParameters
    /// In force on the whole transport.
    public var headerExtensions: [HeaderExtension: UInt8]
    /// Those that carried a track in the answered offer.
    public var sections: [SubscribedSection]
}
