// An .xlsx (ECMA-376): finds the first worksheet and the shared strings by the package's relationships.

enum Workbook {
    private struct Relationship {
        /// The last word of the type's URI: the part before it differs between the two editions of the standard.
        var kind: String
        /// The name of the part it leads to.
        var target: String
    }

    private struct Sheet {
        var relationship: String
        var isHidden: Bool
    }

    /// The rows of the first worksheet in the workbook's order; hidden ones (lists behind drop-down fields) only when
    /// nothing else is there.
    static func rows(_ archive: ZipArchive) throws(SpreadsheetError) -> [[String]] {
        let root = try relationships(archive, of: "")
        guard let workbook = root.values.first(where: { $0.kind == "officeDocument" })?.target,
            let contents = try archive.contents(of: workbook)
        else { throw .notASpreadsheet }
        let parts = try relationships(archive, of: workbook)
        let sheets = try sheets(contents).filter { parts[$0.relationship]?.kind == "worksheet" }
        guard let first = sheets.first(where: { !$0.isHidden }) ?? sheets.first,
            let part = parts[first.relationship]
        else { throw .noWorksheet }
        var strings: [String] = []
        if let table = parts.values.first(where: { $0.kind == "sharedStrings" })?.target,
            let contents = try archive.contents(of: table)
        {
            strings = try SharedStrings.strings(contents)
        }
        // Unpacked last, so that only one large part is in memory at a time.
        guard let sheet = try archive.contents(of: part.target) else { throw .damaged("worksheet is missing") }
        return try Worksheet.rows(sheet, sharedStrings: strings)
    }

    private static func sheets(_ workbook: [UInt8]) throws(SpreadsheetError) -> [Sheet] {
        var reader = try XMLReader(workbook)
        var sheets: [Sheet] = []
        while true {
            switch try reader.next() {
            case .start("sheet"):
                guard sheets.count < SpreadsheetLimits.relationships else { throw .damaged("too many worksheets") }
                // `r:id`; the sheet's own number is `sheetId`.
                guard let relationship = try reader.attribute("id") else { throw .damaged("worksheet has no part") }
                let isHidden = try reader.attribute("state").map { $0 != "visible" } ?? false
                sheets.append(Sheet(relationship: relationship, isHidden: isHidden))
            case .end("sheets"), .finished: return sheets
            default: break
            }
        }
    }

    /// By their identifiers. Empty when the part has none.
    private static func relationships(
        _ archive: ZipArchive, of part: String
    ) throws(SpreadsheetError) -> [String: Relationship] {
        var folder = part.split(separator: "/", omittingEmptySubsequences: false)
        let file = folder.popLast() ?? ""
        let name = (folder + ["_rels", "\(file).rels"]).joined(separator: "/")
        guard let contents = try archive.contents(of: name) else { return [:] }
        var reader = try XMLReader(contents)
        var relationships: [String: Relationship] = [:]
        while true {
            switch try reader.next() {
            case .start("Relationship"):
                guard relationships.count < SpreadsheetLimits.relationships else {
                    throw .damaged("too many relationships")
                }
                guard let id = try reader.attribute("Id"), let type = try reader.attribute("Type"),
                    let target = try reader.attribute("Target"), try reader.attribute("TargetMode") != "External"
                else { continue }
                relationships[id] = Relationship(
                    kind: type.split(separator: "/").last.map(String.init) ?? "", target: resolve(target, in: folder))
            case .finished: return relationships
            default: break
            }
        }
    }

    private static func resolve(_ target: String, in folder: [Substring]) -> String {
        var path = target.hasPrefix("/") ? [] : folder
        for step in target.split(separator: "/") {
            switch step {
            case ".": break
            case "..": _ = path.popLast()
            default: path.append(step)
            }
        }
        return path.joined(separator: "/")
    }
}
