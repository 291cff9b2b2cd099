// Rows as a .csv that Excel opens as it is meant, for exports.

/// UTF-8 with a byte order mark (without it Excel in China takes it for GB18030), commas, CRLF, quotation marks where RFC
/// 4180 asks for them.
///
/// Safe against formula injection: a cell beginning with `=`, `+`, `-`, `@`, their full-width forms, a tab or a line end
/// gets an apostrophe in front (`'+8613800000000`). `Spreadsheet` takes it away again; people see it in Excel.
public struct CSVWriter: Sendable {
    public private(set) var bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

    public init() {}

    public mutating func append(_ row: [String]) {
        for (column, text) in row.enumerated() {
            if column > 0 { bytes.append(UInt8(ascii: ",")) }
            append(FormulaGuard.added(text))
        }
        bytes.append(contentsOf: "\r\n".utf8)
    }

    private mutating func append(_ field: String) {
        let quote = UInt8(ascii: "\"")
        // A space at either end is lost in some programs otherwise.
        let isQuoted =
            field.utf8.contains { [quote, UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n")].contains($0) }
            || field.hasPrefix(" ") || field.hasSuffix(" ")
        guard isQuoted else {
            bytes.append(contentsOf: field.utf8)
            return
        }
        bytes.append(quote)
        for byte in field.utf8 {
            if byte == quote { bytes.append(quote) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }
}
