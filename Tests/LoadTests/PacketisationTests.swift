// Frames into packets.

import CLoad
import Testing

@testable import hutong_load

struct PacketisationTests {
    private func split(_ bytes: UInt32, _ most: UInt32, capacity: Int = 128) -> [UInt16] {
        var sizes = [UInt16](repeating: 0, count: capacity)
        let count = cl_split_frame(bytes, most, &sizes, capacity)
        return Array(sizes[..<count])
    }

    @Test func aSmallFrameIsOnePacket() { #expect(split(250, 1_140) == [250]) }

    @Test func aFullPacketIsNotSplit() { #expect(split(1_140, 1_140) == [1_140]) }

    @Test func oneByteMoreIsSplitInHalf() { #expect(split(1_141, 1_140) == [570, 571]) }

    @Test func theLargerOnesComeLast() { #expect(split(10, 4) == [3, 3, 4]) }

    @Test(arguments: [1, 999, 7_525, 20_805, 109_500] as [UInt32])
    func nothingIsLostAndAllAreEven(bytes: UInt32) throws {
        let sizes = split(bytes, 1_140)
        #expect(sizes.reduce(0) { $0 + UInt32($1) } == bytes)
        let (least, most) = (try #require(sizes.min()), try #require(sizes.max()))
        #expect(most - least <= 1)
        #expect(most <= 1_140)
        #expect(sizes == sizes.sorted())
    }

    @Test func whatDoesNotFitIsRefused() {
        #expect(split(0, 1_140).isEmpty)
        #expect(split(100, 0).isEmpty)
        #expect(split(10_000, 1_000, capacity: 9).isEmpty)
    }

    @Test func theShapesAreWhatThePeersWereMeasuredWith() {
        #expect(MediaShape.camera720.packetsPerSecond == 175)
        #expect(split(MediaShape.camera720.frameBytes, MediaShape.packetBytes) == Array(repeating: 1_075, count: 7))
        #expect(MediaShape.voice.packetsPerSecond == 50)
        #expect(MediaShape.thumbnail.packetsPerSecond == 20)
        #expect(MediaShape.camera720.frameBytes * MediaShape.camera720.framesPerSecond * 8 == 1_505_000)
    }

    /// A frame that is larger or smaller than the mean must not take another number of packets.
    @Test(arguments: MediaShape.allCases)
    func variationKeepsTheNumberOfPackets(shape: MediaShape) {
        let spread = shape.frameBytes * UInt32(shape.sizeVariation) / 100
        let counts = [shape.frameBytes - spread, shape.frameBytes, shape.frameBytes + spread].map {
            split($0, MediaShape.packetBytes).count
        }
        #expect(Set(counts).count == 1)
    }

    @Test(arguments: MediaShape.allCases)
    func everyShapeIsAccepted(shape: MediaShape) throws {
        let load = try #require(cl_create(1))
        defer { cl_destroy(load) }
        var address = cr_address()
        withUnsafeMutableBytes(of: &address.ip) {
            $0.copyBytes(from: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1])
        }
        address.port = 9
        var error: Int32 = 0
        let endpoint = cl_endpoint_open(load, &address, 0, &error)
        try #require(endpoint != UInt32.max)
        var source = shape.source(ssrc: 1, mid: "0", payloadType: 96)
        #expect(cl_source_add(load, endpoint, &source))
    }
}
