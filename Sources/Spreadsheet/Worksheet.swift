// The cells of one worksheet (ECMA-376 part 1, 18.3.1), put where their references say.

enum Worksheet {
    static func rows(_ part: [UInt8], sharedStrings: [String]) throws(SpreadsheetError) -> [[String]] {
        var reader = try XMLReader(part)
        var grid = Grid()
        // A row or a cell without a reference is the one after the last. Row and column count from 0.
        var (row, column) = (-1, -1)
        while true {
            switch try reader.next() {
            case .start("row"):
                let number = try reader.attribute("r")
                row = try number.map { (text) throws(SpreadsheetError) in try rowNumber(text) } ?? row + 1
                column = -1
            case .start("c"):
                let reference = try reader.attribute("r")
                column = try reference.map { (text) throws(SpreadsheetError) in try columnNumber(text) } ?? column + 1
                let text = try readCell(&reader, sharedStrings)
                guard row >= 0 else { throw .damaged("cell is in no row") }
                try grid.set(text, row: row, column: column)
            // What follows is about looks.
            case .end("sheetData"), .finished: return grid.rows
            default: break
            }
        }
    }

    /// Reads up to the end of the cell that was just started.
    private static func readCell(
        _ reader: inout XMLReader, _ sharedStrings: [String]
    ) throws(SpreadsheetError) -> String {
        let type = try reader.attribute("t") ?? "n"
        var value: [UInt8] = []
        var inline = StringItem()
        var isValue = false
        while true {
            let event = try reader.next()
            switch event {
            case .start("v"): isValue = true
            case .end("v"): isValue = false
            case .text where isValue: try reader.appendText(to: &value)
            case .end("c"):
                return type == "inlineStr"
                    ? inline.string : try text(String(decoding: value, as: UTF8.self), type, sharedStrings)
            case .finished: throw .damaged("cell has no end")
            default: try inline.take(event, reader)
            }
        }
    }

    private static func text(
        _ value: String, _ type: String, _ sharedStrings: [String]
    ) throws(SpreadsheetError) -> String {
        switch type {
        case "s":
            guard !value.isEmpty else { return "" }
            guard let index = Int(value), sharedStrings.indices.contains(index) else {
                throw .damaged("cell refers to a string that is not there")
            }
            return sharedStrings[index]
        case "b": return value == "1" ? "TRUE" : value == "0" ? "FALSE" : value
        // The result of a formula.
        case "str": return StringItem.unescaped(value)
        // Numbers, errors such as #N/A, dates in words.
        default: return value
        }
    }

    // MARK: References

    /// Excel has 1,048,576 rows.
    private static func rowNumber(_ text: String) throws(SpreadsheetError) -> Int {
        guard let number = Int(text), (1...1_048_576).contains(number) else { throw .damaged("row has no number") }
        return number - 1
    }

    /// Of `BC12`: letters count in base 26 without a zero. Excel's last column is XFD.
    private static func columnNumber(_ reference: String) throws(SpreadsheetError) -> Int {
        var number = 0
        for (index, byte) in reference.utf8.enumerated() {
            guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte), index < 3 else {
                guard index > 0, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
                return number - 1
            }
            number = number * 26 + Int(byte - UInt8(ascii: "A")) + 1
        }
        throw .damaged("cell reference is malformed")
    }
}
