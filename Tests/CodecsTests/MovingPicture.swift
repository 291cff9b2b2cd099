// Pictures that move in a known way, and how far what a codec made of them is from the truth.

import Codecs

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

struct MovingPicture {
    var width: Int
    var height: Int

    /// Picture `number` of an endless scene: a soft gradient that drifts, stripes, and a bright square that crosses it.
    func frame(_ number: Int) throws(VPXError) -> I420Buffer {
        var buffer = try I420Buffer(width: width, height: height)
        let side = max(2, height / 4)
        let left = (number * 3) % max(1, width - side)
        let top = (number * 2) % max(1, height - side)
        let (width, height) = (width, height)
        buffer.draw(.y) { samples in
            samples.withUnsafeMutableBufferPointer { samples in
                for row in 0..<height {
                    for column in 0..<width {
                        let isInside = column >= left && column < left + side && row >= top && row < top + side
                        let gradient = 60 + (column + row + number) * 100 / (width + height + number)
                        let stripe = (column / 16 + row / 16).isMultiple(of: 2) ? 20 : 0
                        samples[row * width + column] = UInt8(isInside ? 220 : gradient + stripe)
                    }
                }
            }
        }
        let (chromaWidth, chromaHeight) = (buffer.chromaWidth, buffer.chromaHeight)
        for (plane, base) in [(I420Picture.Plane.u, 90), (.v, 150)] {
            buffer.draw(plane) { samples in
                samples.withUnsafeMutableBufferPointer { samples in
                    for row in 0..<chromaHeight {
                        for column in 0..<chromaWidth {
                            samples[row * chromaWidth + column] = UInt8(base + column * 40 / chromaWidth)
                        }
                    }
                }
            }
        }
        return buffer
    }
}

/// 10 · log10(255² / mean squared error), infinite for equal planes.
func peakSignalToNoise(_ one: [UInt8], _ other: [UInt8]) -> Double {
    var sum = 0
    one.withUnsafeBufferPointer { one in
        other.withUnsafeBufferPointer { other in
            for index in 0..<min(one.count, other.count) {
                let difference = Int(one[index]) - Int(other[index])
                sum += difference * difference
            }
        }
    }
    return sum == 0 ? .infinity : 10 * log10(255 * 255 * Double(one.count) / Double(sum))
}
