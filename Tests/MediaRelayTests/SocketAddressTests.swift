import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),  // RFC 5952, 4.2.3: the first of two equal runs
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),  // 4.2.2: one group is not shortened
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("fe80:0:0:0:0:0:0:0", "fe80::"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:c000:201", "192.0.2.1"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"), ("::192.0.2.1", "::c000:201"),
        ("1::192.0.2.1", "1::c000:201"),
    ])
    func readsAndWrites(_ text: String, _ canonical: String) throws {
        let address = try #require(SocketAddress(host: text, port: 9))
        #expect(address.host == canonical)
        #expect(SocketAddress(host: canonical, port: 9) == address)
        #expect(address.ip.count == 16)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.-4", "1.2.3.4 ", " 1.2.3.4", "1..3.4", "+1.2.3.4",
        "0001.2.3.4", "01.2.3.4", "1.2.3.00",
        "１.2.3.4", "1.2.3.4:5", ":", ":::", "1:::2", "::1::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8::", "12345::", "g::", ":1", "1:", ":1::2", "1::2:", "::1%eth0", "[::1]", "::+1", "::-1",
        "1.2.3.4::",
        "::1.2.3", "::1.2.3.4:5", "::1.2.3.256", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4:1.2.3.4", "::１", "localhost",
        "fe80::１",
        "1:2:3:4:5:6:::1.2.3.4", "1:1.2.3.4", "a.local", "::ffff:1.2.3.4.5", "1:2:3:4:5:6:7::8:9",
    ])
    func refuses(_ text: String) {
        #expect(SocketAddress(host: text, port: 9) == nil)
    }

    @Test func writesPorts() throws {
        #expect(SocketAddress(host: "10.0.0.1", port: 65_535)?.description == "10.0.0.1:65535")
        #expect(SocketAddress(host: "::1", port: 0)?.description == "[::1]:0")
    }

    @Test func tellsTCPFromUDP() throws {
        let udp = try #require(SocketAddress(host: "192.0.2.1", port: 9))
        let tcp = try #require(SocketAddress(host: "192.0.2.1", port: 9, kind: .tcp))
        #expect(udp != tcp && udp.kind == .udp && Set([udp, tcp, udp]).count == 2)
        #expect(tcp.description == "tcp 192.0.2.1:9")
        #expect(SocketAddress(ip: tcp.ip, port: 9, kind: .tcp) == tcp)
    }

    @Test func takesFourOrSixteenBytes() throws {
        #expect(SocketAddress(ip: [192, 0, 2, 1], port: 1) == SocketAddress(host: "::ffff:192.0.2.1", port: 1))
        #expect(SocketAddress(ip: [192, 0, 2, 1], port: 1)?.isV4 == true)
        #expect(SocketAddress(ip: [UInt8](repeating: 0, count: 16), port: 1)?.isV4 == false)
        for count in [0, 1, 3, 5, 15, 17] {
            #expect(SocketAddress(ip: [UInt8](repeating: 1, count: count), port: 1) == nil)
        }
    }

    @Test func readsBackWhatItWrites() throws {
        var generator = SeededRandom(seed: 5952)
        for round in 0..<5_000 {
            var ip = [UInt8].random(16, using: &generator)
            // Zeros in all places, or there would be no runs to shorten.
            for index in stride(from: 0, to: 16, by: 2) where Bool.random(using: &generator) {
                ip[index] = 0
                ip[index + 1] = 0
            }
            let address = try #require(SocketAddress(ip: ip, port: UInt16(round)))
            #expect(SocketAddress(host: address.host, port: UInt16(round)) == address, "\(ip)")
        }
    }
}
