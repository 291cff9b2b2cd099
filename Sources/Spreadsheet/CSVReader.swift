// Separated values (RFC 4180, and what Excel makes of it): text in UTF-8 to rows.

enum CSVReader {
    private static let quote = UInt8(ascii: "\"")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let newline = UInt8(ascii: "\n")
    /// The earlier wins a tie.
    private static let separators = [UInt8(ascii: ","), UInt8(ascii: "\t"), UInt8(ascii: ";")]

    static func rows(_ text: [UInt8]) throws(SpreadsheetError) -> [[String]] {
        let separator = separator(of: text)
        var grid = Grid()
        var field: [UInt8] = []
        var (row, column, position) = (0, 0, 0)
        while position < text.count {
            field.removeAll(keepingCapacity: true)
            if text[position] == quote {
                position = try readQuoted(text, from: position + 1, into: &field, row: row)
            }
            // Also what follows a closing quotation mark, as Excel reads it.
            let start = position
            while position < text.count, text[position] != separator, !isLineEnd(text[position]) { position += 1 }
            field.append(contentsOf: text[start..<position])
            try grid.set(
                FormulaGuard.removed(String(decoding: field, as: UTF8.self)), row: row, column: column)
            guard position < text.count else { break }
            if text[position] == separator {
                column += 1
            } else {
                if text[position] == carriageReturn, position + 1 < text.count, text[position + 1] == newline {
                    position += 1
                }
                (row, column) = (row + 1, 0)
            }
            position += 1
        }
        return grid.rows
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == newline || byte == carriageReturn }

    /// Reads up to the closing quotation mark and returns the place behind it. Two are one of the text.
    private static func readQuoted(
        _ text: [UInt8], from start: Int, into field: inout [UInt8], row: Int
    ) throws(SpreadsheetError) -> Int {
        var position = start
        while position < text.count {
            if text[position] == quote {
                guard position + 1 < text.count, text[position + 1] == quote else { return position + 1 }
                position += 1
            }
            field.append(text[position])
            position += 1
        }
        throw .unclosedQuote(row: row + 1)
    }

    /// The one that comes the same number of times in most lines. Templates begin with lines of instructions, whose
    /// commas differ from line to line.
    private static func separator(of text: [UInt8]) -> UInt8 {
        var lines = [[Int: Int]](repeating: [:], count: separators.count)
        var counts = [Int](repeating: 0, count: separators.count)
        var isQuoted = false
        func endLine() {
            for (index, count) in counts.enumerated() where count > 0 { lines[index][count, default: 0] += 1 }
            for index in counts.indices { counts[index] = 0 }
        }
        for byte in text.prefix(SpreadsheetLimits.separatorSampleBytes) {
            if byte == quote { isQuoted.toggle() }
            guard !isQuoted else { continue }
            if isLineEnd(byte) {
                endLine()
            } else if let index = separators.firstIndex(of: byte) {
                counts[index] += 1
            }
        }
        endLine()
        let scores = lines.map { line in line.map { $0.key * $0.value }.max() ?? 0 }
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        return separators[best]
    }
}
