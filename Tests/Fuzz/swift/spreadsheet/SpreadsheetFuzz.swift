// libFuzzer target: any bytes as an uploaded file, as a worksheet, or as shared strings; the first byte chooses, since few
// changes of an archive survive its checksums. What was read keeps the limits, and survives being exported and read again.
// Compiled together with the files listed in `sources`.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSpreadsheet(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    guard let entrance = input.first else { return 0 }
    let file = Array(input.dropFirst())
    switch entrance % 3 {
    case 0:
        guard let spreadsheet = try? Spreadsheet(reading: file) else { return 0 }
        check(spreadsheet.rows)
    case 1:
        guard let rows = try? Worksheet.rows(file, sharedStrings: ["", "one", "二"]) else { return 0 }
        check(rows)
    default:
        guard let strings = try? SharedStrings.strings(file) else { return 0 }
        precondition(strings.reduce(0) { $0 + $1.utf8.count } <= SpreadsheetLimits.textBytes)
    }
    return 0
}

private func check(_ rows: [[String]]) {
    precondition(rows.count <= SpreadsheetLimits.rows)
    var writer = CSVWriter()
    for row in rows {
        precondition(row.count <= SpreadsheetLimits.columns && row.last != "")
        writer.append(row)
    }
    precondition(rows.last != [])
    // A separator that the cells hold more often than commas stand between them is taken for the separator; and zero bytes
    // come out of no reader.
    let commas = rows.map { $0.count - 1 }.max() ?? 0
    guard commas > 0, !rows.joined().contains(where: { $0.utf8.contains { [9, 10, 13, 0x22, 0x3B].contains($0) } }),
        writer.bytes.count <= SpreadsheetLimits.fileBytes
    else { return }
    guard let again = try? Spreadsheet(reading: writer.bytes) else { preconditionFailure("an export cannot be read") }
    precondition(again.rows == rows, "writing and reading changed the rows")
}
