// A picture with memory of its own: drawn into, kept, copied from what a decoder shows, shared between threads.

/// The planes of `I420Picture` one behind the other without gaps: Y, U, V, from the topmost row down.
public struct I420Buffer: Sendable, Equatable {
    /// Pixels, in `VPXLimits.side`.
    public let width: Int
    public let height: Int
    private var y: [UInt8]
    private var u: [UInt8]
    private var v: [UInt8]

    public var chromaWidth: Int { (width + 1) / 2 }
    public var chromaHeight: Int { (height + 1) / 2 }

    /// Black: Y is 16, U and V 128 (ITU-R BT.601, the range that video uses).
    ///
    /// - Throws: `dimensions`.
    public init(width: Int, height: Int) throws(VPXError) {
        guard VPXLimits.side.contains(width), VPXLimits.side.contains(height) else {
            throw .dimensions(width: width, height: height)
        }
        self.width = width
        self.height = height
        y = [UInt8](repeating: 16, count: width * height)
        u = [UInt8](repeating: 128, count: (width + 1) / 2 * ((height + 1) / 2))
        v = u
    }

    /// Copies what was lent.
    public init(copying picture: borrowing I420Picture) {
        width = picture.width
        height = picture.height
        y = Self.samples(of: picture, .y, rows: picture.height, width: picture.width)
        u = Self.samples(of: picture, .u, rows: picture.chromaHeight, width: picture.chromaWidth)
        v = Self.samples(of: picture, .v, rows: picture.chromaHeight, width: picture.chromaWidth)
    }

    /// All samples of a plane, row after row: `width` or `chromaWidth` in each.
    public subscript(plane: I420Picture.Plane) -> [UInt8] {
        switch plane {
        case .y: y
        case .u: u
        case .v: v
        }
    }

    /// Lends a plane to be drawn into: as many samples as `self[plane]` has, in the same order.
    public mutating func draw(_ plane: I420Picture.Plane, _ body: (inout MutableSpan<UInt8>) -> Void) {
        switch plane {
        case .y: Self.lend(&y, body)
        case .u: Self.lend(&u, body)
        case .v: Self.lend(&v, body)
        }
    }

    /// Lends the whole picture, without a copy.
    public func withPicture<Result>(
        _ body: (borrowing I420Picture) throws(VPXError) -> Result
    ) throws(VPXError) -> Result {
        try I420Picture.lend(
            width: width, height: height, y: y.span, yStride: width, u: u.span, v: v.span, chromaStride: chromaWidth,
            to: body)
    }

    private static func lend(_ samples: inout [UInt8], _ body: (inout MutableSpan<UInt8>) -> Void) {
        var span = samples.mutableSpan
        body(&span)
    }

    private static func samples(
        of picture: borrowing I420Picture, _ plane: I420Picture.Plane, rows: Int, width: Int
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: rows * width) { buffer, count in
            for row in 0..<rows {
                picture.withRow(row, of: plane) { samples in
                    samples.withUnsafeBufferPointer { samples in
                        _ = buffer[(row * width)...].initialize(fromContentsOf: samples)
                    }
                }
            }
            count = rows * width
        }
    }
}
