// The join_request parameter, as each SDK writes it and as nobody should.

import Foundation
import LiveKitProtocol
import SwiftProtobuf
import Testing

@testable import Signaling

struct JoinRequestTests {
    static let request = LiveKitJoinRequest.with {
        $0.clientInfo = .with {
            $0.sdk = .python
            $0.protocol = 17
            $0.clientProtocol = 2
        }
        $0.connectionSettings = .with { $0.autoSubscribe = true }
        // Long enough that some three bytes make a `+` and some a `/`.
        $0.metadata = String(repeating: "\u{3fb}~\u{7ff}>?", count: 40)
        $0.publisherOffer = .with {
            $0.type = "offer"
            $0.sdp = "v=0\r\n"
        }
    }

    static func wrapped(_ request: LiveKitJoinRequest = request) throws -> String {
        let inner: [UInt8] = try request.serializedBytes()
        let wrapper = LiveKitWrappedJoinRequest.with { $0.joinRequest = Data(inner) }
        return try wrapper.serializedData().base64EncodedString()
    }

    static func packed(_ gzip: [UInt8], _ compression: LiveKitWrappedJoinRequest.Compression = .gzip) throws -> String {
        let wrapper = LiveKitWrappedJoinRequest.with {
            $0.compression = compression
            $0.joinRequest = Data(gzip)
        }
        return Base64URL.encode(try wrapper.serializedBytes() as [UInt8])
    }

    private func refusal(_ text: String) -> SignalRefusal? {
        do throws(SignalRefusal) {
            _ = try JoinRequestParameter.decode(text)
            return nil
        } catch { return error }
    }

    /// The standard alphabet, with plus signs that became spaces; the URL's; padding or none.
    @Test func everyAlphabetThatSDKsUse() throws {
        let standard = try Self.wrapped()
        #expect(standard.contains("+") && standard.contains("/") && standard.hasSuffix("="))
        let forURL = standard.replacing("+", with: "-").replacing("/", with: "_")
        for text in [
            standard, standard.replacing("+", with: " "), forURL, forURL.replacing("=", with: ""),
            standard.replacing("=", with: ""),
        ] {
            #expect(try JoinRequestParameter.decode(text) == Self.request)
        }
    }

    /// Packed by Python's gzip: client_info {sdk 9, protocol 17}, reconnect, participant_sid PA_x.
    static let gzip: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xe3, 0x62,
        0xe1, 0xe0, 0x94, 0x10, 0xb4, 0x60, 0xf4, 0x62, 0x09, 0x70, 0x8c, 0xaf,
        0x00, 0x00, 0xe9, 0x8a, 0x02, 0x43, 0x0e, 0x00, 0x00, 0x00,
    ]

    @Test func gzipIsUnpacked() throws {
        let request = try JoinRequestParameter.decode(Self.packed(Self.gzip))
        #expect(request.clientInfo.sdk == .python && request.clientInfo.protocol == 17)
        #expect(request.participantSid == "PA_x" && request.reconnect)
    }

    @Test func gzipThatIsNoneIsRefused() throws {
        for length in 0..<Self.gzip.count {
            #expect(refusal(try Self.packed(Array(Self.gzip.prefix(length)))) == .malformedJoinRequest)
        }
        for index in Self.gzip.indices.dropFirst(10) {
            var bytes = Self.gzip
            bytes[index] ^= 0x55
            // The checksum is over the unpacked bytes, so every change is seen.
            #expect(refusal(try Self.packed(bytes)) == .malformedJoinRequest, "byte \(index)")
        }
        #expect(refusal(try Self.packed(Self.gzip + [0])) == .malformedJoinRequest)
        #expect(refusal(try Self.packed(Self.gzip, .none)) == .malformedJoinRequest)
        #expect(refusal(try Self.packed(Self.gzip, .UNRECOGNIZED(2))) == .malformedJoinRequest)
    }

    @Test(arguments: [Limits.joinRequestBytes, 24 * 1024 * 1024])
    func gzipThatGrowsBeyondTheLimitIsRefused(_ size: Int) throws {
        let bomb = Self.bomb(size)
        #expect(bomb.count < size / 150)
        #expect(refusal(try Self.packed(bomb)) == .malformedJoinRequest)
    }

    /// More than `size` zeros, as DEFLATE says it shortest: one, then 258 like the last one again and again
    /// (RFC 1951, 3.2.6).
    private static func bomb(_ size: Int) -> [UInt8] {
        let bits =
            "110" + "00110000" + String(repeating: "11000101" + "00000", count: size / 258 + 1) + "0000000" + "0000000"
        var bytes: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
        var byte: UInt8 = 0
        for (index, bit) in bits.utf8.enumerated() {
            if bit == UInt8(ascii: "1") { byte |= 1 << (index % 8) }
            if index % 8 == 7 {
                bytes.append(byte)
                byte = 0
            }
        }
        return bytes
    }

    @Test(arguments: ["", "=", "====", "%", "a", "日本", "////", String(repeating: "A", count: 32_000)])
    func nonsenseIsRefusedOrEmpty(_ text: String) {
        // Nothing at all is an empty message, which says nothing: the gateway refuses its protocol version.
        if let refusal = refusal(text) { #expect(refusal == .malformedJoinRequest) }
    }
}
