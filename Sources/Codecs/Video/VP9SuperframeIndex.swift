// The table at the end of VP9 data that holds several frames (VP9 specification, annex B). Read as libvpx reads it, or
// more strictly: a frame that libvpx decodes must be one whose header was looked at.

struct VP9SuperframeIndex {
    /// Frames, 1...8.
    let count: Int
    private let bytesPerLength: Int
    /// Where the lengths begin.
    private let start: Int

    /// Nil when the data is one frame. It is not empty.
    ///
    /// - Throws: `invalidFrame` when the last byte announces an index that is not there, or one whose frames are empty
    ///   or longer than the data.
    init?(_ data: Span<UInt8>) throws(VPXError) {
        let marker = data[data.count - 1]
        guard marker & 0xe0 == 0xc0 else { return nil }
        count = Int(marker & 7) + 1
        bytesPerLength = Int(marker >> 3 & 3) + 1
        let indexBytes = 2 + count * bytesPerLength
        guard data.count >= indexBytes, data[data.count - indexBytes] == marker else { throw .invalidFrame }
        start = data.count - indexBytes + 1
        var left = data.count - indexBytes
        for number in 0..<count {
            let length = length(of: number, in: data)
            guard length > 0, length <= left else { throw .invalidFrame }
            left -= length
        }
    }

    /// Bytes of one frame of the data that the index was read from; the frames lie one behind the other from its start.
    func length(of number: Int, in data: Span<UInt8>) -> Int {
        var length = 0
        for i in 0..<bytesPerLength {
            length |= Int(data[start + number * bytesPerLength + i]) << (8 * i)
        }
        return length
    }
}
