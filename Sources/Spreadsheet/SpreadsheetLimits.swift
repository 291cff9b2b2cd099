// Every limit on an uploaded spreadsheet, in one place, each with its reason.

public enum SpreadsheetLimits {
    /// Bytes of an uploaded file. 20,000 people with twelve fields each are about 2 MB of .xlsx and 4 MB of .csv.
    public static let fileBytes = 10 * 1024 * 1024
    /// Rows with something in them; the largest organisation that Hutong is meant for has 15,000 people.
    public static let rows = 20_000
    /// Columns with something in them: twelve of the template, 26 custom fields, and room for the user's own.
    public static let columns = 64
    /// Bytes of one cell: Excel's own limit of 32,767 UTF-16 units, as UTF-8.
    public static let cellBytes = 32_767 * 3
    /// Bytes of all cells together, and of all shared strings: 25 for each of 20,000 × 64 cells. A string that is shared
    /// by a million cells costs memory once here, but whoever works on the rows pays for each.
    public static let textBytes = 32 * 1024 * 1024

    // MARK: .xlsx

    /// Entries of the archive. A workbook has about ten and a few for each sheet and picture.
    static let archiveEntries = 2_000
    /// How many times larger an entry may become. Office's XML packs 10 to 40 times; a bomb about 1,000 times.
    static let inflateRatio = 100
    /// Bytes that any entry may become, whatever its ratio: they harm nobody, and tiny sheets pack best.
    static let harmlessBytes = 1024 * 1024
    /// Bytes that an entry may become: 20,000 rows of 64 columns at 50 bytes a cell.
    static let partBytes = 64 * 1024 * 1024
    /// Nested elements of an XML part. The deepest that we read has 7 levels; extensions add some.
    static let xmlDepth = 64
    /// Attributes of one element; the richest known has about 20.
    static let xmlAttributes = 64
    /// Strings of the shared table: one for each cell.
    static let sharedStrings = rows * columns
    /// Relationships of one part, and sheets of a workbook.
    static let relationships = 2_000

    // MARK: .csv

    /// Bytes looked at to find the separator.
    static let separatorSampleBytes = 64 * 1024
}
