// What the worker holds of one publication: its parameters, the packet core's stream of each encoding, and who
// subscribes.

struct Publication {
    var parameters: PublicationParameters
    /// Nil for a local source. Kept beside `parameters.source`, which never changes: computing it crashed the optimizer
    /// of Swift 6.3.1 (ownership error in CopyPropagation) where it was inlined.
    let transport: TransportID?
    /// One per encoding, lowest quality first; never empty.
    var streams: [ObjectName]
    var choice: EncodingChoice
    var subscriptions: Set<SubscriptionID> = []
    var isMuted = false
    var hasStarted = false

    init(_ parameters: PublicationParameters, streams: [ObjectName]) {
        self.parameters = parameters
        self.streams = streams
        choice = EncodingChoice(count: streams.count)
        transport =
            switch parameters.source {
            case .transport(let transport, _): transport
            case .local: nil
            }
    }

    /// The stream that subscriptions get: the chosen one, at first the lowest.
    var currentStream: ObjectName { streams[min(choice.current ?? 0, streams.count - 1)] }

    func clockRate(payloadType: UInt8) -> UInt32 {
        let format = parameters.formats.first { $0.payloadType == payloadType } ?? parameters.formats.first
        return format?.clockRate ?? (parameters.kind == .audio ? 48_000 : 90_000)
    }

    /// The encodings as the packet core opens them. A publication without any is one encoding known by its MID.
    static func packetStreams(_ parameters: PublicationParameters) -> [PacketStream] {
        let encodings = parameters.encodings.isEmpty ? [Encoding()] : parameters.encodings
        let (transport, mid): (ObjectName?, String) =
            switch parameters.source {
            case .transport(let transport, let mid): (transport.name, mid)
            case .local: (nil, "")
            }
        return encodings.map { encoding in
            PacketStream(
                transport: transport, kind: parameters.kind, mid: mid, encoding: encoding,
                formats: Array(parameters.formats.prefix(Limits.formats)), usesNack: parameters.usesNack,
                cachePackets: cachePackets(parameters.kind))
        }
    }

    /// Packets kept to be sent again, a power of two. Video: about a second of a 4 Mbit/s picture. Audio: 1.3 s of
    /// 20 ms frames, later than which they are of no use.
    static func cachePackets(_ kind: MediaKind) -> UInt16 { kind == .audio ? 64 : 512 }
}
