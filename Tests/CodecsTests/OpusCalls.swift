// The calls of the Opus encoder and decoder with arrays, as tests like to have them.

import Codecs

extension Array where Element == Int16 {
    /// One channel of interleaved samples, in -1...1.
    func channel(_ number: Int, of channels: OpusChannels) -> [Double] {
        stride(from: number, to: count, by: channels.rawValue).map { Double(self[$0]) / 32_767 }
    }
}

extension Array where Element == Float {
    func channel(_ number: Int, of channels: OpusChannels) -> [Double] {
        stride(from: number, to: count, by: channels.rawValue).map { Double(self[$0]) }
    }
}

extension OpusEncoder {
    mutating func packet(_ samples: [Int16], room: Int = OpusEncoder.longestPacket) throws(OpusError) -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: room)
        var span = packet.mutableSpan
        let written = try encode(samples.span, into: &span)
        packet.removeSubrange(written...)
        return packet
    }

    mutating func packet(_ samples: [Float], room: Int = OpusEncoder.longestPacket) throws(OpusError) -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: room)
        var span = packet.mutableSpan
        let written = try encode(samples.span, into: &span)
        packet.removeSubrange(written...)
        return packet
    }
}

extension OpusDecoder {
    mutating func samples(of packet: [UInt8]) throws(OpusError) -> [Int16] {
        var samples = [Int16](repeating: 0, count: longestOutput)
        var span = samples.mutableSpan
        let written = try decode(packet.span, into: &span)
        samples.removeSubrange((written * channels.rawValue)...)
        return samples
    }

    mutating func floats(of packet: [UInt8]) throws(OpusError) -> [Float] {
        var samples = [Float](repeating: 0, count: longestOutput)
        var span = samples.mutableSpan
        let written = try decode(packet.span, into: &span)
        samples.removeSubrange((written * channels.rawValue)...)
        return samples
    }

    mutating func concealed(_ count: Int) throws(OpusError) -> [Int16] {
        var samples = [Int16](repeating: 0, count: count)
        var span = samples.mutableSpan
        try conceal(into: &span)
        return samples
    }

    mutating func recovered(_ count: Int, from next: [UInt8]) throws(OpusError) -> [Int16] {
        var samples = [Int16](repeating: 0, count: count)
        var span = samples.mutableSpan
        try recover(from: next.span, into: &span)
        return samples
    }
}

extension OpusPacket {
    init(_ bytes: [UInt8]) throws(OpusError) { try self.init(bytes.span) }
}
