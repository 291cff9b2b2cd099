// Builds ZIP archives and workbooks of stored entries for the tests, right or wrong as they ask.

import CZlib

@testable import Spreadsheet

struct Archive {
    struct Entry {
        var name: String
        var data: [UInt8]
        var method = 0
        var flags = 0
        /// What the headers claim; nil: the truth.
        var unpacked: Int?
        var checksum: UInt32?
        var localName: String?
        /// In place of the entry's own place.
        var offset: Int?
    }

    var entries: [Entry] = []
    var comment: [UInt8] = []
    var count: Int?
    /// Bytes between the directory and the end record.
    var gap: [UInt8] = []

    init(_ parts: [(String, String)] = []) {
        entries = parts.map { Entry(name: $0.0, data: Array($0.1.utf8)) }
    }

    var bytes: [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = entry.offset ?? file.count
            let checksum = entry.checksum ?? cz_crc32(entry.data, entry.data.count)
            let shared =
                little(20, 2) + little(entry.flags, 2) + little(entry.method, 2) + little(0, 4)
                + little(Int(checksum), 4) + little(entry.data.count, 4)
                + little(entry.unpacked ?? entry.data.count, 4)
            let localName = Array((entry.localName ?? entry.name).utf8)
            if entry.offset == nil {
                file +=
                    [0x50, 0x4B, 3, 4] + shared + little(localName.count, 2) + little(0, 2) + localName + entry.data
            }
            directory += [0x50, 0x4B, 1, 2] + little(20, 2) + shared + little(entry.name.utf8.count, 2)
            directory += little(0, 12) + little(offset, 4) + Array(entry.name.utf8)
        }
        let end =
            [0x50, 0x4B, 5, 6] + little(0, 4) + little(count ?? entries.count, 2) + little(count ?? entries.count, 2)
            + little(directory.count, 4) + little(file.count, 4) + little(comment.count, 2)
        return file + directory + gap + end + comment
    }

    /// A workbook whose first worksheet holds these elements in its `sheetData`.
    static func workbook(_ sheetData: String, strings: String? = nil) -> Archive {
        workbook(sheet: "<worksheet><sheetData>\(sheetData)</sheetData></worksheet>", strings: strings)
    }

    static func workbook(
        sheet: String, strings: String? = nil, sheets: String = "<sheet name='1' sheetId='1' r:id='s1'/>"
    ) -> Archive {
        let type = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        func relationship(_ id: String, _ kind: String, _ target: String) -> String {
            "<Relationship Id='\(id)' Type='\(type)/\(kind)' Target='\(target)'/>"
        }
        var parts = [
            ("_rels/.rels", "<Relationships>\(relationship("r", "officeDocument", "xl/workbook.xml"))</Relationships>"),
            ("xl/workbook.xml", "<workbook><sheets>\(sheets)</sheets></workbook>"),
            (
                "xl/_rels/workbook.xml.rels",
                "<Relationships>\(relationship("s1", "worksheet", "worksheets/one.xml"))"
                    + relationship("s2", "worksheet", "/xl/worksheets/../worksheets/./two.xml")
                    + relationship("c1", "chartsheet", "chart.xml")
                    + relationship("t", "sharedStrings", "strings.xml") + "</Relationships>"
            ),
            ("xl/worksheets/one.xml", sheet),
            ("xl/worksheets/two.xml", "<worksheet><sheetData><row><c><v>2</v></c></row></sheetData></worksheet>"),
        ]
        if let strings { parts.append(("xl/strings.xml", strings)) }
        return Archive(parts)
    }

    private func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
    }
}

/// The error of reading the bytes; nil when they can be read.
func problem(_ bytes: [UInt8]) -> SpreadsheetError? {
    do {
        _ = try Spreadsheet(reading: bytes)
        return nil
    } catch {
        return error
    }
}

/// The rows of a worksheet with these elements in its `sheetData`.
func rows(_ sheetData: String, strings: String? = nil) throws -> [[String]] {
    try Spreadsheet(reading: Archive.workbook(sheetData, strings: strings).bytes).rows
}
