// The texts that cells refer to by number (ECMA-376 part 1, 18.4), their runs of differing fonts joined.

enum SharedStrings {
    static func strings(_ part: [UInt8]) throws(SpreadsheetError) -> [String] {
        var reader = try XMLReader(part)
        var strings: [String] = []
        var text = StringItem()
        var textBytes = 0
        while true {
            let event = try reader.next()
            switch event {
            case .start("si"): text = StringItem()
            case .end("si"):
                guard strings.count < SpreadsheetLimits.sharedStrings else { throw .tooMuchText }
                textBytes += text.bytes.count
                guard textBytes <= SpreadsheetLimits.textBytes else { throw .tooMuchText }
                strings.append(text.string)
            case .finished: return strings
            default: try text.take(event, reader)
            }
        }
    }
}

/// The text of a shared or an inline string while its elements come.
struct StringItem {
    private(set) var bytes: [UInt8] = []
    private var isText = false
    private var isPhonetic = false

    /// Runs (`r`) are joined; `rPh` says how characters sound and is no part of the text.
    mutating func take(_ event: XMLReader.Event, _ reader: XMLReader) throws(SpreadsheetError) {
        switch event {
        case .start("rPh"): isPhonetic = true
        case .end("rPh"): isPhonetic = false
        case .start("t"): isText = !isPhonetic
        case .end("t"): isText = false
        case .text where isText: try reader.appendText(to: &bytes)
        default: break
        }
    }

    var string: String { Self.unescaped(String(decoding: bytes, as: UTF8.self)) }

    /// `_x000D_` is a character that XML cannot hold, or a real underscore as `_x005F_` (18.18.94, ST_Xstring). What XML
    /// could not hold for a good reason (control characters, halves of pairs) stays as it is written.
    static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "_")) else { return text }
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            let end = index + 7
            if bytes[index] == UInt8(ascii: "_"), end <= bytes.count, bytes[index + 1] == UInt8(ascii: "x"),
                bytes[end - 1] == UInt8(ascii: "_"), !bytes[index + 2..<end - 1].contains(UInt8(ascii: "+")),
                let value = UInt32(String(decoding: bytes[index + 2..<end - 1], as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(value), value >= 0x20 || [0x09, 0x0A, 0x0D].contains(value)
            {
                result.append(contentsOf: Character(scalar).utf8)
                index = end
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
