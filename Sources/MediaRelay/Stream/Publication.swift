// What the worker holds of one publication, its own or a mirror of another worker's: its parameters, the packet core's
// stream of each encoding, and who subscribes.

struct Publication {
    var parameters: PublicationParameters
    /// The publisher is on another worker.
    let isMirror: Bool
    /// Nil for a local source and for a mirror. Kept beside `parameters.source`, which never changes: computing it
    /// crashed the optimizer of Swift 6.3.1 (ownership error in CopyPropagation) where it was inlined.
    let transport: TransportID?
    /// One per encoding, lowest quality first; never empty.
    var streams: [ObjectName]
    var choice: EncodingChoice
    var subscriptions: Set<SubscriptionID> = []
    /// The tickets of its mirrors on other workers.
    var mirrors: [WorkerIndex: UInt32] = [:]
    /// Counts updates, for the mirrors.
    var version: UInt32 = 0
    var isMuted = false
    var hasStarted = false

    init(_ parameters: PublicationParameters, streams: [ObjectName], isMirror: Bool = false) {
        self.parameters = parameters
        self.streams = streams
        self.isMirror = isMirror
        choice = EncodingChoice(count: streams.count)
        transport =
            switch parameters.source {
            case .transport(let transport, _): isMirror ? nil : transport
            case .local: nil
            }
    }

    /// The stream that subscriptions get: the chosen one, at first the lowest.
    var currentStream: ObjectName { streams[min(choice.current ?? 0, streams.count - 1)] }

    /// Somebody gets it, here or elsewhere.
    var isReceived: Bool { !subscriptions.isEmpty || !mirrors.isEmpty }

    func clockRate(payloadType: UInt8) -> UInt32 {
        let format = parameters.formats.first { $0.payloadType == payloadType } ?? parameters.formats.first
        return format?.clockRate ?? (parameters.kind == .audio ? 48_000 : 90_000)
    }

    /// The encodings as the packet core opens them. A publication without any is one encoding known by its MID.
    static func packetStreams(_ parameters: PublicationParameters, isMirror: Bool) -> [PacketStream] {
        let encodings = parameters.encodings.isEmpty ? [Encoding()] : parameters.encodings
        let (transport, mid): (ObjectName?, String) =
            switch parameters.source {
            case .transport(let transport, let mid): (isMirror ? nil : transport.name, mid)
            case .local: (nil, "")
            }
        return encodings.map { encoding in
            PacketStream(
                transport: transport, kind: parameters.kind, mid: mid, encoding: encoding,
                formats: Array(parameters.formats.prefix(Limits.formats)), usesNack: parameters.usesNack,
                cachePackets: cachePackets(parameters.kind), isMirror: isMirror)
        }
    }

    /// Packets kept to be sent again, a power of two. Video: about a second of a 4 Mbit/s picture. Audio: 1.3 s of
    /// 20 ms frames, later than which they are of no use.
    static func cachePackets(_ kind: MediaKind) -> UInt16 { kind == .audio ? 64 : 512 }
}
