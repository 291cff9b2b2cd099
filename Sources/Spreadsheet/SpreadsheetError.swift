// Why a file cannot be read as a table. What is wrong with a row's meaning is the importer's to say.

public enum SpreadsheetError: Error, Sendable, Equatable {
    /// No bytes, or no cell with anything in it.
    case empty
    case fileTooLarge
    case tooManyRows
    case tooManyColumns
    /// Row, from 1.
    case cellTooLong(row: Int)
    /// All cells or all shared strings together.
    case tooMuchText
    /// The archive unpacks to more than an honest one does.
    case inflatesTooMuch
    /// An .xls, or an .xlsx with a password, which Excel puts into the same container.
    case oldFormatOrLocked
    /// Entries of the ZIP are encrypted.
    case encrypted
    /// A ZIP without a workbook, or bytes that are no text.
    case notASpreadsheet
    /// A workbook without a worksheet.
    case noWorksheet
    /// Text that is neither UTF-8, nor UTF-16 with a byte order mark, nor GB18030.
    case unknownEncoding
    /// The record (from 1) in which a quotation mark is opened that nothing closes.
    case unclosedQuote(row: Int)
    /// Breaks a rule of ZIP, XML or the workbook's format; the reason is for logs and holds nothing of the file.
    case damaged(String)

    /// For programs; never changes.
    public var code: String {
        switch self {
        case .empty: "spreadsheet_empty"
        case .fileTooLarge: "spreadsheet_too_large"
        case .tooManyRows: "spreadsheet_too_many_rows"
        case .tooManyColumns: "spreadsheet_too_many_columns"
        case .cellTooLong: "spreadsheet_cell_too_long"
        case .tooMuchText: "spreadsheet_too_much_text"
        case .inflatesTooMuch: "spreadsheet_inflates_too_much"
        case .oldFormatOrLocked: "spreadsheet_old_or_locked"
        case .encrypted: "spreadsheet_encrypted"
        case .notASpreadsheet: "spreadsheet_unknown_format"
        case .noWorksheet: "spreadsheet_no_worksheet"
        case .unknownEncoding: "spreadsheet_unknown_encoding"
        case .unclosedQuote: "spreadsheet_unclosed_quote"
        case .damaged: "spreadsheet_damaged"
        }
    }

    public var chinese: String {
        switch self {
        case .empty: "文件里没有内容。请选择填好的模板。"
        case .fileTooLarge: "文件超过 \(SpreadsheetLimits.fileBytes >> 20) MB。请删除图片或拆成几个文件。"
        case .tooManyRows: "表格超过 \(SpreadsheetLimits.rows) 行。请拆成几个文件分别导入。"
        case .tooManyColumns: "表格超过 \(SpreadsheetLimits.columns) 列。请删除模板以外的列。"
        case .cellTooLong(let row): "第 \(row) 行有一个单元格的内容过长。请缩短。"
        case .tooMuchText: "表格里的文字过多。请拆成几个文件分别导入。"
        case .inflatesTooMuch: "文件解压后过大。请在 Excel 中新建表格，只复制数据后重新保存。"
        case .oldFormatOrLocked: "这是旧的 .xls 文件，或文件设有密码。请去掉密码并另存为 .xlsx。"
        case .encrypted: "文件已加密。请去掉密码后重新保存。"
        case .notASpreadsheet: "这不是 .xlsx 或 .csv 文件。请使用模板。"
        case .noWorksheet: "工作簿里没有工作表。请使用模板。"
        case .unknownEncoding: "无法识别文字编码。请另存为“CSV UTF-8”或 .xlsx。"
        case .unclosedQuote(let row): "第 \(row) 行的引号没有结束。请补上引号，或另存为 .xlsx。"
        case .damaged: "文件已损坏。请在 Excel 中打开并重新保存。"
        }
    }

    public var english: String {
        switch self {
        case .empty: "The file has no content. Choose the template you filled in."
        case .fileTooLarge:
            "The file is larger than \(SpreadsheetLimits.fileBytes >> 20) MB. Remove pictures or split it into several files."
        case .tooManyRows: "The table has more than \(SpreadsheetLimits.rows) rows. Split it into several files."
        case .tooManyColumns:
            "The table has more than \(SpreadsheetLimits.columns) columns. Remove those that are not in the template."
        case .cellTooLong(let row): "A cell in row \(row) is too long. Shorten it."
        case .tooMuchText: "The table holds too much text. Split it into several files."
        case .inflatesTooMuch:
            "The file is too large when unpacked. Copy only the data into a new Excel workbook and save that."
        case .oldFormatOrLocked:
            "This is an old .xls file, or it has a password. Remove the password and save it as .xlsx."
        case .encrypted: "The file is encrypted. Remove the password and save it again."
        case .notASpreadsheet: "This is no .xlsx or .csv file. Use the template."
        case .noWorksheet: "The workbook has no worksheet. Use the template."
        case .unknownEncoding: "The text encoding is not known. Save the file as \"CSV UTF-8\" or .xlsx."
        case .unclosedQuote(let row):
            "A quotation mark opened in row \(row) is never closed. Close it, or save the file as .xlsx."
        case .damaged: "The file is damaged. Open it in Excel and save it again."
        }
    }
}
