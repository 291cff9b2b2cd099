// Cells as they come, in any order, into rows, within the limits of a table.

struct Grid {
    private(set) var rows: [[String]] = []
    private var textBytes = 0

    /// Row and column count from 0. Empty text leaves no trace: sheets are full of cells that only have a border.
    mutating func set(_ text: String, row: Int, column: Int) throws(SpreadsheetError) {
        let bytes = text.utf8.count
        guard bytes > 0 else { return }
        guard row < SpreadsheetLimits.rows else { throw .tooManyRows }
        guard column < SpreadsheetLimits.columns else { throw .tooManyColumns }
        guard bytes <= SpreadsheetLimits.cellBytes else { throw .cellTooLong(row: row + 1) }
        textBytes += bytes
        guard textBytes <= SpreadsheetLimits.textBytes else { throw .tooMuchText }
        while rows.count <= row { rows.append([]) }
        while rows[row].count <= column { rows[row].append("") }
        rows[row][column] = text
    }
}
