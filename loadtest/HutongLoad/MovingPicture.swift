// A picture that moves and that tells which one it is, for real media. Drawn, so that no film has to be shipped; encoding
// is EncodedLoop's.

import Codecs

/// Cloth that slides to the left, with colours that turn, a bright bar that runs to the right below, and on top the
/// picture's number: sixteen black or white fields, eight bits from the lowest up, then their complement.
struct MovingPicture {
    private(set) var buffer: I420Buffer
    private let cloth: [UInt8]

    private static let numberBits = 8
    /// The range of video's Y (ITU-R BT.601).
    private static let (black, white): (UInt8, UInt8) = (16, 235)
    /// Pixels between one picture and the next.
    private static let slide = 3

    init(width: Int, height: Int) throws(VPXError) {
        buffer = try I420Buffer(width: width, height: height)
        cloth = Self.weave(width: width, height: height)
    }

    /// Threads of a few pixels, each a little brighter or darker: as much detail as a face before a bookshelf, so that an
    /// encoder spends the bits that it is given.
    private static func weave(width: Int, height: Int) -> [UInt8] {
        var samples = [UInt8](repeating: 0, count: width * height)
        for y in 0..<height {
            for x in 0..<width {
                // A hash of the thread's place (Knuth's multiplicative one).
                let thread = UInt32(truncatingIfNeeded: (x / 3) &* 73_856_093 ^ (y / 2) &* 19_349_663)
                let grain = Int((thread &* 2_654_435_761) >> 27)
                let fold = abs((x + y / 2) % 240 - 120) / 2
                samples[y * width + x] = UInt8(clamping: 75 + fold + grain)
            }
        }
        return samples
    }

    mutating func draw(_ number: Int) {
        let (width, height) = (buffer.width, buffer.height)
        let cloth = cloth
        let field = width / (2 * Self.numberBits)
        let barLeft = number * 4 % max(width - field, 1)
        buffer.draw(.y) { luma in
            for y in 0..<height {
                let row = y * width
                let shift = number * Self.slide % width
                for x in 0..<width - shift { luma[row + x] = cloth[row + x + shift] }
                for x in width - shift..<width { luma[row + x] = cloth[row + x + shift - width] }
                if y < height / 4 {
                    for x in 0..<2 * Self.numberBits * field {
                        luma[row + x] = Self.isWhite(x / field, of: number) ? Self.white : Self.black
                    }
                } else if y >= height * 3 / 4 {
                    for x in barLeft..<barLeft + field { luma[row + x] = Self.white }
                }
            }
        }
        let (chromaWidth, chromaHeight) = (buffer.chromaWidth, buffer.chromaHeight)
        for (plane, turn) in [(I420Picture.Plane.u, number), (.v, 2 * number)] {
            buffer.draw(plane) { chroma in
                for y in 0..<chromaHeight {
                    let value = UInt8(clamping: 98 + abs((y * 240 / chromaHeight + turn) % 240 - 120) / 2)
                    for x in 0..<chromaWidth { chroma[y * chromaWidth + x] = value }
                }
            }
        }
    }

    private static func isWhite(_ field: Int, of number: Int) -> Bool {
        let bit = number >> (field % numberBits) & 1
        return (bit == 1) == (field < numberBits)
    }
}
