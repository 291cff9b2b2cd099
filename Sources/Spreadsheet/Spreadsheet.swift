// An uploaded table, .xlsx or .csv, as rows of text. What the columns mean is the importer's to say.

/// The cells of a file's first worksheet, or of a .csv.
public struct Spreadsheet: Sendable, Equatable {
    public enum Format: Sendable, Equatable { case xlsx, csv }

    public let format: Format
    /// `rows[i]` is row i + 1 of the sheet, so that errors can name the row that people see. A row ends with its last cell
    /// that holds something; rows and cells that are missing in between are empty.
    ///
    /// A cell is its text as the file has it. Of an .xlsx: a number as it is stored (the phone 13800000000 may be
    /// `1.38E10`), a date as its number of days, a truth value as `TRUE` or `FALSE`, a formula as its last result.
    public let rows: [[String]]

    /// Tells the format by the content; names and media types of uploads are wrong too often.
    /// Takes at most about three times the unpacked sheet in memory: read one file at a time.
    public init(reading file: [UInt8]) throws(SpreadsheetError) {
        guard !file.isEmpty else { throw .empty }
        guard file.count <= SpreadsheetLimits.fileBytes else { throw .fileTooLarge }
        if file.starts(with: Self.compoundFileMagic) { throw .oldFormatOrLocked }
        if file.starts(with: Self.zipMagic) {
            format = .xlsx
            rows = try Workbook.rows(ZipArchive(file))
        } else {
            format = .csv
            rows = try CSVReader.rows(TextEncoding.utf8(file))
        }
        guard !rows.isEmpty else { throw .empty }
    }

    private static let zipMagic: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    /// The container of .xls, and of a workbook with a password (MS-CFB, 2.2).
    private static let compoundFileMagic: [UInt8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]
}
