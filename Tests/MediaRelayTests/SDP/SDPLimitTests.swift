// Abuse (reliability.md, S-28): everything is refused or read in linear time, and nothing is kept without a limit.

import Testing

@testable import MediaRelay

@Suite(.serialized) struct SDPLimitTests {
    private static let head = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    private static let section = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"

    /// The requirement is 50 ms in a release build. A debug build beside other tests gets more; quadratic work on these
    /// inputs would take minutes.
    private static let allowed: Duration = {
        #if DEBUG
            .seconds(2)
        #else
            .milliseconds(50)
        #endif
    }()

    private func refuses(_ text: String, _ reason: SDPError.Reason) {
        let start = ContinuousClock.now
        let error = #expect(throws: SDPError.self) { try SessionDescription(parsing: text) }
        #expect(error?.reason == reason)
        #expect(ContinuousClock.now - start < Self.allowed)
    }

    private func repeated(_ count: Int, _ line: (Int) -> String) -> String {
        (0..<count).map { line($0) + "\r\n" }.joined()
    }

    @Test func refusesTooManyBytes() {
        refuses(Self.head + String(repeating: "a=x\r\n", count: 1_048_576), .tooLong)
        refuses(String(repeating: "x", count: 5 * 1024 * 1024), .tooLong)
    }

    @Test func refusesALongLine() {
        refuses(Self.head + "a=" + String(repeating: "x", count: 2047) + "\r\n", .lineTooLong)
    }

    @Test func refusesACandidateFlood() {
        let candidates = repeated(100_000) { "a=candidate:\($0) 1 udp 1 10.0.0.1 9 typ host" }
        refuses(Self.head + Self.section + candidates, .tooLong)
        refuses(Self.head + Self.section + String(candidates.prefix(200_000)), .tooMany(.candidates))
    }

    /// They are not kept, so they need no limit but the description's.
    @Test func passesOverAFloodOfBadCandidates() throws {
        let text = Self.head + Self.section + repeated(15_000) { _ in "a=candidate:x" }
        let start = ContinuousClock.now
        let sections = try SessionDescription(parsing: text).sections
        #expect(ContinuousClock.now - start < Self.allowed)
        #expect(sections.first?.candidates.isEmpty == true)
    }

    @Test func refusesDuplicateMids() {
        refuses(Self.head + repeated(1000) { _ in "m=x 9 y z\r\na=mid:0" }, .duplicate("mid"))
    }

    @Test func refusesTooManySections() throws {
        let sections = repeated(1001) { "m=audio 9 RTP/AVP 0\r\na=mid:\($0)" }
        refuses(Self.head + sections, .tooMany(.mediaSections))
        let last = "m=audio 9 RTP/AVP 0\r\na=mid:1000\r\n"
        #expect(
            try SessionDescription(parsing: Self.head + sections.dropLast(last.utf8.count - 1)).sections.count == 1000)
    }

    @Test func refusesLongLists() {
        refuses(Self.head + Self.section + repeated(9000) { "a=ssrc:\($0) cname:x" }, .tooMany(.ssrcs))
        refuses(Self.head + Self.section + repeated(9000) { "a=ssrc-group:FID \($0) 1" }, .tooMany(.ssrcGroups))
        refuses(Self.head + Self.section + repeated(9000) { "a=rid:\($0) send" }, .tooMany(.rids))
        refuses(Self.head + Self.section + repeated(255) { "a=extmap:\($0 + 1) urn:x" }, .tooMany(.extensions))
        refuses(Self.head + repeated(255) { "a=extmap:\($0 + 1) urn:x" }, .tooMany(.extensions))
        refuses(Self.head + Self.section + repeated(9000) { "a=rtcp-fb:96 x\($0)" }, .tooMany(.feedback))
        refuses(Self.head + Self.section + repeated(9000) { "a=rtcp-fb:* x\($0)" }, .tooMany(.feedback))
        refuses(Self.head + Self.section + repeated(9000) { "a=msid:\($0) y" }, .tooMany(.streamIDs))
        refuses(Self.head + Self.section + repeated(9000) { _ in "a=fingerprint:sha-256 00" }, .tooMany(.fingerprints))
        refuses(Self.head + repeated(9000) { _ in "a=group:BUNDLE 0" }, .tooMany(.groups))
        let rids = (0..<400).map(String.init).joined(separator: ";")
        refuses(Self.head + Self.section + "a=simulcast:send \(rids)\r\n", .tooMany(.rids))
    }

    /// The most expensive offers that are within all limits.
    @Test func answersTheFullestOffersInTime() throws {
        let transport = """
            a=group:BUNDLE 0\r
            a=ice-ufrag:abcd\r
            a=ice-pwd:abcdefghijklmnopqrstuv\r
            a=fingerprint:sha-256 00\r
            a=setup:actpass\r

            """
        let payloadTypes = (0..<128).map(String.init).joined(separator: " ")
        let formats = repeated(128) { "a=rtpmap:\($0) VP9/90000\r\na=fmtp:\($0) profile-id=\($0)" }
        let section = "m=video 9 UDP/TLS/RTP/SAVPF \(payloadTypes)\r\na=rtcp-mux\r\n" + formats
        let loops = repeated(128) { "a=rtpmap:\($0) rtx/90000\r\na=fmtp:\($0) apt=\(127 - $0)" }
        let cycles = "m=video 9 UDP/TLS/RTP/SAVPF \(payloadTypes)\r\na=rtcp-mux\r\n" + loops
        for body in [section, cycles] {
            var text = Self.head + transport
            var mid = 0
            while text.utf8.count + body.utf8.count + 20 < Limits.SDP.bytes {
                text += body + "a=mid:\(mid)\r\n"
                mid += 1
            }
            var negotiation = SDPFixture.publisher()
            let start = ContinuousClock.now
            let answer = try negotiation.answer(to: text)
            #expect(ContinuousClock.now - start < Self.allowed)
            #expect(answer.sections.count == mid)
            #expect(answer.sections.allSatisfy { $0.formats.count <= Limits.formats })
        }
    }

    @Test func answersAThousandSectionsInTime() throws {
        let transport = """
            a=ice-ufrag:abcd\r
            a=ice-pwd:abcdefghijklmnopqrstuv\r
            a=fingerprint:sha-256 00\r
            a=setup:actpass\r

            """
        let mids = (0..<400).map(String.init).joined(separator: " ")
        let extensions = repeated(60) { "a=extmap:\($0 + 1) urn:\($0)" }
        let sections = repeated(1000) {
            "m=audio 9 RTP/AVP 111\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=mid:\($0)"
        }
        var negotiation = SDPFixture.publisher()
        let start = ContinuousClock.now
        let answer = try negotiation.answer(
            to: Self.head + "a=group:BUNDLE \(mids)\r\n" + transport + extensions + sections)
        #expect(ContinuousClock.now - start < Self.allowed)
        #expect(answer.sections.filter { !$0.isRejected }.count == 400)
    }
}
