// The `join_request` parameter (livekit-wire.md, 1.5): everything a v1 client says when it connects, as a message within a
// message in base64, often with gzip between the two. What it means is JoinQuery's business.

import CZlib
import LiveKitProtocol
import SwiftProtobuf

enum JoinRequestParameter {
    static func decode(_ text: String) throws(SignalRefusal) -> LiveKitJoinRequest {
        // One SDK uses the standard alphabet without escaping it: its plus arrives as a space.
        guard let wrapped = Base64URL.decode(text.replacing(" ", with: "+")) else { throw .malformedJoinRequest }
        do {
            let wrapper = try LiveKitWrappedJoinRequest(serializedBytes: wrapped, options: SignalCoding.binaryOptions)
            let bytes: [UInt8]
            switch wrapper.compression {
            case .none: bytes = [UInt8](wrapper.joinRequest)
            case .gzip:
                guard let unpacked = gunzip([UInt8](wrapper.joinRequest)) else {
                    throw SignalRefusal.malformedJoinRequest
                }
                bytes = unpacked
            case .UNRECOGNIZED: throw SignalRefusal.malformedJoinRequest
            }
            return try LiveKitJoinRequest(serializedBytes: bytes, options: SignalCoding.binaryOptions)
        } catch {
            throw .malformedJoinRequest
        }
    }

    /// Nil when it is no gzip or becomes more than `Limits.joinRequestBytes`.
    private static func gunzip(_ packed: [UInt8]) -> [UInt8]? {
        var isWhole = false
        // Memory that is never written to is never taken from the system, so the limit costs nothing here.
        let unpacked = [UInt8](unsafeUninitializedCapacity: Limits.joinRequestBytes) { room, count in
            isWhole = cz_gunzip(packed, packed.count, room.baseAddress, room.count, &count)
        }
        return isWhole ? unpacked : nil
    }
}
