// What may reach libssl (RFC 6347, 4.1 and 4.2.2). Records before the keys are in place are written by anybody who can
// send from the right address, so they are held to a budget; afterwards none of them is let through, since an
// association that is up must not be touched by what is not authenticated (S-02).

struct DTLSRecordFilter: Sendable {
    private enum ContentType {
        static let changeCipherSpec: UInt8 = 20
        static let alert: UInt8 = 21
        static let handshake: UInt8 = 22
        static let applicationData: UInt8 = 23
    }

    static let recordHeaderBytes = 13
    static let handshakeHeaderBytes = 12
    /// Explicit nonce and tag (RFC 5288, 3). libssl 3.0.19 and older take a shorter encrypted record for an error of their
    /// own and end the association, so that anybody could end it.
    static let encryptionBytes = 8 + 16

    /// Announced length of each handshake message so far, by message_seq.
    private var announced: [UInt16: Int] = [:]
    private var earlyRecords = 0
    /// Records held back.
    private(set) var dropped: UInt64 = 0

    /// The records of `datagram` that may be looked at, as one datagram; empty when there is none.
    mutating func admit(_ datagram: [UInt8], isConnected: Bool) -> [UInt8] {
        guard datagram.count <= Limits.DTLS.receivedBytes else {
            dropped &+= 1
            return []
        }
        var admitted: [UInt8] = []
        var reader = ByteReader(datagram)
        while !reader.isAtEnd {
            let start = reader.offset
            let type = reader.readUInt8()
            reader.skip(2)  // version: libssl judges it
            let epoch = reader.readUInt16()
            reader.skip(6)  // sequence number
            var content = reader.readSection(Int(reader.readUInt16()))
            guard !reader.hasFailed, judge(type: type, epoch: epoch, &content, isConnected: isConnected) else {
                dropped &+= 1
                if reader.hasFailed { break }
                continue
            }
            admitted += datagram[start..<reader.offset]
        }
        return admitted
    }

    private mutating func judge(type: UInt8, epoch: UInt16, _ content: inout ByteReader, isConnected: Bool) -> Bool {
        guard (ContentType.changeCipherSpec...ContentType.applicationData).contains(type) else { return false }
        if epoch > 0, content.remaining < Self.encryptionBytes { return false }
        // No renegotiation, so there is no epoch after the first encrypted one.
        if isConnected { return epoch == 1 }
        switch (epoch, type) {
        case (0, ContentType.handshake): return fitsBudget(&content)
        case (0, ContentType.changeCipherSpec), (0, ContentType.alert): return true
        case (1, ContentType.handshake), (1, ContentType.alert):
            earlyRecords &+= 1
            return earlyRecords <= Limits.DTLS.earlyRecords
        // Application data that overtook Finished: SCTP repeats it.
        default: return false
        }
    }

    /// A record may hold several handshake fragments. All must fit their message, and all messages the budget.
    private mutating func fitsBudget(_ content: inout ByteReader) -> Bool {
        guard !content.isAtEnd else { return false }
        while !content.isAtEnd {
            content.skip(1)
            let length = Int(content.readUInt24())
            let sequence = content.readUInt16()
            let fragmentOffset = Int(content.readUInt24())
            let fragmentLength = Int(content.readUInt24())
            content.skip(fragmentLength)
            guard !content.hasFailed, fragmentOffset &+ fragmentLength <= length else { return false }
            let others = announced.reduce(0) { $1.key == sequence ? $0 : $0 &+ $1.value }
            // Each message costs its header too, so that endless empty ones end as well.
            let cost = max(announced[sequence] ?? 0, length &+ Self.handshakeHeaderBytes)
            guard others &+ cost <= Limits.DTLS.handshakeBytes else { return false }
            announced[sequence] = cost
        }
        return true
    }
}
