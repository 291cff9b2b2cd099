// The bytes of a text file as UTF-8, whichever of the encodings that Excel and its relatives write they are in.

import Glibc

enum TextEncoding {
    private static let utf8Mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    private static let gb18030Mark: [UInt8] = [0x84, 0x31, 0x95, 0x33]

    /// UTF-16 by its byte order mark, then UTF-8 if it is valid, then GB18030. Chinese text in GB18030 that happens to be
    /// valid UTF-8 is a few characters long at most.
    static func utf8(_ file: [UInt8]) throws(SpreadsheetError) -> [UInt8] {
        let text: [UInt8]
        if file.starts(with: [0xFF, 0xFE]) {
            text = try utf16(file.dropFirst(2), isLittleEndian: true)
        } else if file.starts(with: [0xFE, 0xFF]) {
            text = try utf16(file.dropFirst(2), isLittleEndian: false)
        } else if file.starts(with: utf8Mark) {
            text = Array(file.dropFirst(utf8Mark.count))
            guard isUTF8(text) else { throw .unknownEncoding }
        } else if isUTF8(file) {
            text = file
        } else {
            text = try gb18030(file.starts(with: gb18030Mark) ? Array(file.dropFirst(gb18030Mark.count)) : file)
        }
        // No table has these; pictures, programs and UTF-16 without a mark do.
        guard !text.contains(0) else { throw .notASpreadsheet }
        return text
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

    private static func utf16(_ bytes: ArraySlice<UInt8>, isLittleEndian: Bool) throws(SpreadsheetError) -> [UInt8] {
        guard bytes.count.isMultiple(of: 2) else { throw .unknownEncoding }
        let units = stride(from: bytes.startIndex, to: bytes.endIndex, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isLittleEndian ? second << 8 | first : first << 8 | second
        }
        guard let text = String(validating: units, as: UTF16.self) else { throw .unknownEncoding }
        return Array(text.utf8)
    }

    /// Through the C library's iconv, whose tables are the standard's own, four-byte forms included.
    private static func gb18030(_ bytes: [UInt8]) throws(SpreadsheetError) -> [UInt8] {
        let converter = iconv_open("UTF-8", "GB18030")
        guard converter != iconv_t(bitPattern: -1) else { throw .unknownEncoding }
        defer { iconv_close(converter) }
        // One byte becomes one (ASCII), two become up to three, four become up to four.
        let capacity = bytes.count * 2
        var isWhole = false
        var input = bytes.map { CChar(bitPattern: $0) }
        let text = [UInt8](unsafeUninitializedCapacity: capacity) { room, count in
            room.withMemoryRebound(to: CChar.self) { output in
                input.withUnsafeMutableBufferPointer { input in
                    var (source, sourceLeft) = (input.baseAddress, input.count)
                    var (target, targetLeft) = (output.baseAddress, output.count)
                    isWhole = iconv(converter, &source, &sourceLeft, &target, &targetLeft) != -1 && sourceLeft == 0
                    count = isWhole ? capacity - targetLeft : 0
                }
            }
        }
        guard isWhole else { throw .unknownEncoding }
        return text
    }
}
