// A picture that somebody else owns, lent for the duration of one call: what encoders read and decoders show. Pictures
// that outlive a call are I420Buffer's.

internal import CCodecs

/// Three planes of 8-bit samples: Y for each pixel; U and V (Cb, Cr) for each two by two of them.
///
/// The size in samples is `width × height` for Y and `chromaWidth × chromaHeight` for U and V. A row begins `stride`
/// samples after the one before; what lies between its end and the next row is nobody's.
///
/// It can be neither copied nor kept: it is only ever lent to a closure, and points into memory that stays as it is until
/// that closure returns.
public struct I420Picture: ~Copyable {
    public enum Plane: Sendable, CaseIterable {
        case y, u, v
    }

    public let width: Int
    public let height: Int
    private let planes: co_picture

    /// The planes must stay as they are for as long as the value lives.
    init(_ planes: co_picture) {
        width = Int(planes.width)
        height = Int(planes.height)
        self.planes = planes
    }

    /// Samples in a row of U and of V.
    public var chromaWidth: Int { (width + 1) / 2 }
    /// Rows of U and of V.
    public var chromaHeight: Int { (height + 1) / 2 }

    /// Lends planes of the caller as a picture, without a copy.
    ///
    /// - Parameters:
    ///   - width: pixels, in `VPXLimits.side`, as is `height`.
    ///   - y: at least `(height - 1) × yStride + width` samples. U and V alike, with half of each, rounded up.
    ///   - yStride: samples from one row of Y to the next. `chromaStride`: the same of U and of V.
    /// - Throws: `dimensions`, `planes`, and what `body` throws.
    public static func lend<Result>(
        width: Int, height: Int,
        y: Span<UInt8>, yStride: Int, u: Span<UInt8>, v: Span<UInt8>, chromaStride: Int,
        to body: (borrowing I420Picture) throws(VPXError) -> Result
    ) throws(VPXError) -> Result {
        guard VPXLimits.side.contains(width), VPXLimits.side.contains(height) else {
            throw .dimensions(width: width, height: height)
        }
        let (chromaWidth, chromaHeight) = ((width + 1) / 2, (height + 1) / 2)
        guard holds(y, stride: yStride, width: width, height: height),
            holds(u, stride: chromaStride, width: chromaWidth, height: chromaHeight),
            holds(v, stride: chromaStride, width: chromaWidth, height: chromaHeight)
        else { throw .planes }
        return try y.withUnsafeBufferPointer { y throws(VPXError) in
            try u.withUnsafeBufferPointer { u throws(VPXError) in
                try v.withUnsafeBufferPointer { v throws(VPXError) in
                    try body(
                        I420Picture(
                            co_picture(
                                width: UInt32(width), height: UInt32(height), y: y.baseAddress, u: u.baseAddress,
                                v: v.baseAddress, y_stride: Int32(yStride), u_stride: Int32(chromaStride),
                                v_stride: Int32(chromaStride))))
                }
            }
        }
    }

    /// Lends one row's samples: `width` of Y, `chromaWidth` of U and V.
    ///
    /// - Parameter row: from 0, the topmost. One that the plane does not have is a mistake of the program and traps.
    public func withRow<Result>(_ row: Int, of plane: Plane, _ body: (Span<UInt8>) -> Result) -> Result {
        let (start, stride, count, rows) =
            switch plane {
            case .y: (planes.y, planes.y_stride, width, height)
            case .u: (planes.u, planes.u_stride, chromaWidth, chromaHeight)
            case .v: (planes.v, planes.v_stride, chromaWidth, chromaHeight)
            }
        precondition(row >= 0 && row < rows, "no such row")
        let samples = UnsafeBufferPointer(start: start.map { $0 + row * Int(stride) }, count: count)
        return body(samples.span)
    }

    /// For the duration of a call into libvpx, which only reads.
    func withPlanes<Result>(_ body: (UnsafePointer<co_picture>) -> Result) -> Result {
        withUnsafePointer(to: planes, body)
    }

    private static func holds(_ samples: Span<UInt8>, stride: Int, width: Int, height: Int) -> Bool {
        // Strides wider than the widest picture by so much are somebody's mistake, and their product must not overflow.
        guard stride >= width, stride <= 4 * VPXLimits.side.upperBound else { return false }
        return samples.count >= (height - 1) * stride + width
    }
}
