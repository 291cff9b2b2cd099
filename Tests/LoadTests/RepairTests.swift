// What is asked for again, when, and how often: the rules alone, then two endpoints with a lossy path between them.

import CLoad
import Foundation
import Testing

@testable import hutong_load

/// Owns a stream's repair, which owns memory.
private final class Repair {
    private var state = cl_repair()
    deinit { cl_repair_end(&state) }

    var missing: Int { Int(state.count) }
    var unrepaired: UInt64 { state.unrepaired }
    var next: UInt64 { cl_repair_next_ns(&state) }

    @discardableResult func came(_ number: UInt16, at time: UInt64 = 0) -> Bool {
        cl_repair_came(&state, number, time)
    }
    func fill(_ number: UInt16) -> cl_gap? {
        var gap = cl_gap()
        return cl_repair_fill(&state, number, &gap) ? gap : nil
    }
    func due(at time: UInt64, wait: UInt64 = 20_000_000, capacity: Int = 200) -> [UInt16] {
        var numbers = [UInt16](repeating: 0, count: capacity)
        let count = cl_repair_due(&state, time, wait, &numbers, capacity)
        return Array(numbers[..<count])
    }
}

struct RepairTests {
    private let millisecond: UInt64 = 1_000_000

    @Test func nothingIsMissingInOrder() {
        let repair = Repair()
        for number in 65_530...65_545 { #expect(!repair.came(UInt16(truncatingIfNeeded: number))) }
        #expect(repair.missing == 0)
        #expect(repair.next == UInt64.max)
    }

    @Test func aGapIsAskedForAfterTheReorderingTolerance() {
        let repair = Repair()
        repair.came(65_534)
        #expect(repair.came(1, at: 5 * millisecond))
        #expect(repair.next == 5 * millisecond + UInt64(CL_REORDER_NS))
        #expect(repair.due(at: 14 * millisecond).isEmpty)
        #expect(repair.due(at: 15 * millisecond) == [65_535, 0])
        #expect(repair.due(at: 15 * millisecond).isEmpty, "asked for twice at once")
    }

    @Test func whatWasOvertakenIsNotAskedFor() {
        let repair = Repair()
        repair.came(10)
        repair.came(13)
        repair.came(11, at: 3 * millisecond)
        #expect(repair.due(at: 20 * millisecond) == [12])
    }

    @Test func itIsAskedForAgainAfterAWhileAndGivenUpAfterTenTries() {
        let repair = Repair()
        repair.came(1)
        repair.came(3)
        var asked = 0
        for time in 0..<1_000 { asked += repair.due(at: UInt64(time) * millisecond).count }
        #expect(asked == Int(CL_NACK_TRIES))
        #expect(repair.missing == 0)
        #expect(repair.unrepaired == 1)
    }

    @Test func whatCameByRetransmissionIsNotMissingAnyMore() throws {
        let repair = Repair()
        repair.came(1)
        repair.came(4)
        _ = repair.due(at: 10 * millisecond)
        let gap = try #require(repair.fill(2))
        #expect(gap.tries == 1 && gap.asked_ns == 10 * millisecond)
        #expect(repair.fill(2) == nil, "repaired twice")
        #expect(repair.due(at: 30 * millisecond) == [3])
        #expect(repair.unrepaired == 0)
    }

    @Test func ofABurstTheNewestAreAskedFor() {
        let repair = Repair()
        repair.came(0)
        repair.came(1_001)
        #expect(repair.missing == Int(CL_MOST_GAPS))
        #expect(repair.unrepaired == 1_000 - UInt64(CL_MOST_GAPS))
        #expect(repair.due(at: 10 * millisecond) == Array(UInt16(1_001 - CL_MOST_GAPS)...1_000))
    }

    @Test func manySmallGapsDoNotOutgrowTheRoom() {
        let repair = Repair()
        for number in stride(from: UInt16(0), through: 600, by: 2) { repair.came(number) }
        #expect(repair.missing == Int(CL_MOST_GAPS))
        #expect(repair.unrepaired == 300 - UInt64(CL_MOST_GAPS))
        #expect(repair.due(at: 10 * millisecond).last == 599)
    }

    @Test func whatFindsNoRoomStaysDue() {
        let repair = Repair()
        repair.came(0)
        repair.came(6)
        #expect(repair.due(at: 10 * millisecond, capacity: 2) == [1, 2])
        #expect(repair.next <= 10 * millisecond)
        #expect(repair.due(at: 10 * millisecond) == [3, 4, 5])
    }
}

/// A sender, a receiver, and between them a path that the test decides about.
private final class LossyPath {
    let sender: OpaquePointer
    let receiver: OpaquePointer
    private let sockets: [Int32]
    private let endpoints: [UInt32]
    private var peers: [sockaddr_in?] = [nil, nil]

    /// - Parameter hasRTX: each stream's RTX is announced, by the SSRC after its own.
    init(streams: UInt32 = 1, hasRTX: Bool = true) throws {
        sender = try #require(cl_create(1))
        receiver = try #require(cl_create(2))
        var sockets: [Int32] = []
        var endpoints: [UInt32] = []
        for load in [sender, receiver] {
            let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            var own = sockaddr_in()
            own.sin_family = sa_family_t(AF_INET)
            own.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &own) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
                }
            }
            try #require(isBound)
            var address = cr_address()
            withUnsafeMutableBytes(of: &address.ip) {
                $0.copyBytes(from: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1])
            }
            address.port = UInt16(bigEndian: own.sin_port)
            var error: Int32 = 0
            let endpoint = cl_endpoint_open(load, &address, 0, &error)
            try #require(endpoint != UInt32.max)
            let forth = [UInt8](repeating: 1, count: 28)
            let back = [UInt8](repeating: 2, count: 28)
            let (receive, send) = load == sender ? (back, forth) : (forth, back)
            try #require(cl_endpoint_set_keys(load, endpoint, CR_SRTP_AEAD_AES_128_GCM, receive, send, 28))
            sockets.append(socket)
            endpoints.append(endpoint)
        }
        self.sockets = sockets
        self.endpoints = endpoints
        for ssrc in stride(from: 1, through: 2 * streams - 1, by: 2) {
            var source = MediaShape.camera720.source(ssrc: ssrc, mid: "0", payloadType: 96)
            try #require(cl_source_add(sender, endpoints[0], &source))
            try #require(cl_stream_expect(receiver, endpoints[1], ssrc, true, hasRTX ? ssrc + 1 : 0))
        }
        // The path has to know where the receiver is.
        cl_endpoint_send(receiver, endpoints[1], [0, 0, 0, 0], 4)
    }

    deinit {
        sockets.forEach { _ = close($0) }
        cl_destroy(sender)
        cl_destroy(receiver)
    }

    /// Carries what is on its way in both directions; `isLost` is asked for each packet of media.
    func carry(isLost: ([UInt8]) -> Bool) {
        for side in 0...1 {
            var buffer = [UInt8](repeating: 0, count: 2_000)
            while true {
                var from = sockaddr_in()
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let count = withUnsafeMutablePointer(to: &from) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        recvfrom(sockets[side], &buffer, buffer.count, 0, $0, &length)
                    }
                }
                guard count > 0 else { break }
                peers[side] = from
                guard var to = peers[1 - side], count > 12, side == 1 || !isLost(Array(buffer[..<count])) else {
                    continue
                }
                _ = withUnsafePointer(to: &to) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(sockets[1 - side], buffer, count, 0, $0, length)
                    }
                }
            }
        }
    }

    func counts(_ load: OpaquePointer) -> cl_counts {
        var counts = cl_counts()
        cl_read_counts(load, 0, &counts)
        return counts
    }

    func run(milliseconds: Int, isLost: ([UInt8]) -> Bool) {
        let end = cl_monotonic_us() + UInt64(milliseconds) * 1_000
        while cl_monotonic_us() < end {
            cl_turn(sender)
            carry(isLost: isLost)
            cl_turn(receiver)
            usleep(2_000)
        }
    }
}

struct NackTests {
    private static func isMedia(_ packet: [UInt8]) -> Bool { packet[1] & 0x7f == 96 }

    @Test func aLostPacketIsAskedForUntilItComes() throws {
        let path = try LossyPath()
        var number = 0
        var lost: Set<[UInt8]> = []
        path.run(milliseconds: 1_000) { packet in
            guard Self.isMedia(packet) else { return false }
            // The same packet comes again; then it arrives.
            let name = Array(packet[2..<4])
            guard !lost.contains(name) else { return false }
            number += 1
            guard number % 10 == 5 else { return false }
            lost.insert(name)
            return true
        }
        let (asked, answered) = (path.counts(path.receiver), path.counts(path.sender))
        #expect(asked.nacks_sent >= 10)
        #expect(answered.nacks == asked.nacks_sent)
        #expect(answered.resent == answered.nacks)
        #expect(asked.unrepaired == 0)
        #expect(asked.authentication_failures == 0)
        // All but those of the last moments are there.
        #expect(asked.packets_expected - asked.packets_received <= 3)
    }

    @Test func withoutRetransmissionsNothingIsAskedFor() throws {
        let path = try LossyPath(hasRTX: false)
        var number = 0
        path.run(milliseconds: 300) { _ in
            number += 1
            return number % 4 == 0
        }
        #expect(path.counts(path.receiver).nacks_sent == 0)
        #expect(path.counts(path.receiver).packets_expected > path.counts(path.receiver).packets_received)
    }

    @Test func manyGapsInManyStreamsAreFewDatagrams() throws {
        let path = try LossyPath(streams: 8)
        var number = 0
        path.run(milliseconds: 1_000) { _ in
            number += 1
            return number % 2 == 0
        }
        #expect(path.counts(path.receiver).nacks_sent > 400)
        // One each 20 ms, and reports.
        #expect(path.counts(path.sender).rtcp_received < 60)
    }

    @Test func aDeadPathIsNotFloodedWithNacks() throws {
        let path = try LossyPath()
        var number = 0
        path.run(milliseconds: 2_500) { packet in
            number += 1
            return number > 10 && number % 100 != 0
        }
        let counts = path.counts(path.receiver)
        #expect(counts.unrepaired > 0)
        #expect(counts.nacks_sent <= (counts.packets_expected - counts.packets_received) * UInt64(CL_NACK_TRIES))
    }

    @Test func whatIsThrownAwayIsNoLossOfTheServers() throws {
        let path = try LossyPath()
        cl_set_loss(path.receiver, 0.2)
        path.run(milliseconds: 600) { _ in false }
        let counts = path.counts(path.receiver)
        #expect(counts.thrown_away > 5)
        #expect(counts.nacks_sent > 0)
        #expect(counts.packets_received == counts.packets_expected)
        #expect(counts.repaired == 0, "the sender here knows no RTX")
    }
}
