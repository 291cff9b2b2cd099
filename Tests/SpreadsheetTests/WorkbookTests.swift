import Foundation
import Testing

@testable import Spreadsheet

@Suite struct WorkbookTests {
    private static func fixture(_ name: String) throws -> [UInt8] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        return try [UInt8](Data(contentsOf: folder.appending(path: "Fixtures/\(name).xlsx")))
    }

    @Test func `a template filled in by openpyxl keeps its rows, gaps and texts`() throws {
        let sheet = try Spreadsheet(reading: Self.fixture("template"))
        #expect(sheet.format == .xlsx)
        #expect(sheet.rows.count == 15)
        #expect(sheet.rows[0] == ["填写须知：\n1、不能增加、删除或修改列名"])
        #expect(sheet.rows[1..<9].allSatisfy { $0.isEmpty })
        #expect(
            sheet.rows[9] == [
                "姓名", "帐号", "别名", "职务", "部门", "性别", "手机", "座机", "个人邮箱", "地址", "企业简称", "英文名",
            ])
        #expect(
            sheet.rows[10] == [
                "张三", "zhang.san", "三哥", "工程师", "胡同/研发[EN:R&D];胡同/测试", "男", "13800000000",
            ])
        #expect(
            sheet.rows[11] == [
                "李四", "li-si", "", "", "胡同／市场；胡同／销售", "女", "13800000000", "", "li.si@example.com",
            ])
        #expect(
            sheet.rows[12] == [
                "王 <五>", "wang_5", "", "", "胡同", "男", "+85261234567", "1085551234.5", "", "a&b\n第二行",
            ])
        #expect(sheet.rows[13].isEmpty)
        // 46347 is 2026-11-21. The formula has no result: openpyxl does not calculate.
        #expect(sheet.rows[14] == ["赵六 😀", "TRUE", "46347", "", "", "", "", "", "", "", "", "Six"])
    }

    @Test func `a workbook in LibreOffice's style is read the same way`() throws {
        let sheet = try Spreadsheet(reading: Self.fixture("libreoffice"))
        #expect(
            sheet.rows == [
                [], ["姓名", "", "帐号"], [], [" 两端有空格 ", "", "13800000000", "a_b", "FALSE", "#DIV/0!"],
            ])
    }

    @Test func `numbers stay as they are written`() throws {
        let cells = "<c><v>1.38E10</v></c><c t='n'><v>1.3800000000000001E10</v></c><c><v>-0.50</v></c>"
        #expect(try rows("<row>\(cells)</row>") == [["1.38E10", "1.3800000000000001E10", "-0.50"]])
    }

    @Test func `cells and rows go where their references say, in any order`() throws {
        let data =
            "<row r='3'><c r='C3'><v>3</v></c><c><v>4</v></c><c r='A3'><v>1</v></c></row><row><c><v>5</v></c></row>"
        #expect(try rows(data + "<row r='1'><c r='BL1'><v>6</v></c></row>").map(\.count) == [64, 0, 4, 1])
        #expect(try rows(data) == [[], [], ["1", "", "3", "4"], ["5"]])
    }

    @Test func `runs of a text are joined, and how it sounds is left out`() throws {
        let item =
            "<r><rPr><b/></rPr><t>東</t></r><r><t xml:space='preserve"
            + "'> 京</t></r><rPh sb='0' eb='2'><t>トウキョウ</t></rPh>"
        let data =
            "<row><c t='s'><v>1</v></c><c t='inlineStr'><is>\(item)</is></c><c t='s'><v>0</v></c><c t='s'/></row>"
        #expect(
            try rows(data, strings: "<sst><si><t/></si><si>\(item)</si></sst>") == [["東 京", "東 京"]])
    }

    @Test func `escapes of characters that XML cannot hold are resolved, but never to control characters`() {
        #expect(StringItem.unescaped("a_x000D__x4E2D_b") == "a\r中b")
        #expect(StringItem.unescaped("_x005F_x0041_") == "_x0041_")
        for text in ["_x0000_", "_x001B_", "_xD83D_", "_x+041_", "_x00_", "_x004", "_", "__x004_"] {
            #expect(StringItem.unescaped(text) == text)
        }
    }

    @Test func `the first sheet in the workbook's order counts, hidden ones and charts left out`() throws {
        let sheet = "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>"
        func first(_ sheets: String) throws -> [[String]] {
            try Spreadsheet(reading: Archive.workbook(sheet: sheet, sheets: sheets).bytes).rows
        }
        #expect(try first("<sheet r:id='s2'/><sheet r:id='s1'/>") == [["2"]])
        #expect(try first("<sheet r:id='c1'/><sheet r:id='s1' state='veryHidden'/><sheet r:id='s2'/>") == [["2"]])
        #expect(try first("<sheet r:id='s1' state='hidden'/>") == [["1"]])
        #expect(throws: SpreadsheetError.noWorksheet) { try first("<sheet r:id='c1'/>") }
        #expect(throws: SpreadsheetError.noWorksheet) { try first("") }
    }

    @Test func `prefixes, self-closed elements and parts in other letters are understood`() throws {
        var archive = Archive.workbook(
            sheet: "<x:worksheet xmlns:x='u'><x:sheetData><x:row><x:c/><x:c><x:v>1</x:v></x:c></x:row></x:sheetData>"
                + "</x:worksheet>")
        archive.entries[3].name = "XL/Worksheets/One.xml"
        #expect(try Spreadsheet(reading: archive.bytes).rows == [["", "1"]])
    }

    @Test func `bordered but empty cells beyond the limits do no harm`() throws {
        #expect(
            try rows("<row r='2'><c r='A2'><v>1</v></c><c r='XFD2' s='4'/></row><row r='1048576'><c/></row>").count == 2
        )
    }

    @Test(arguments: [
        ("<row r='20001'><c><v>1</v></c></row>", SpreadsheetError.tooManyRows),
        ("<row><c r='BM1'><v>1</v></c></row>", .tooManyColumns),
        ("<row r='7'><c><v>\(String(repeating: "x", count: 32_767 * 3 + 1))</v></c></row>", .cellTooLong(row: 7)),
        ("", .empty),
        ("<row><c/></row>", .empty),
        ("<row r='0'><c><v>1</v></c></row>", .damaged("row has no number")),
        ("<row r='99999999999999999999'/>", .damaged("row has no number")),
        ("<c><v>1</v></c>", .damaged("cell is in no row")),
        ("<row><c r='1A'><v>1</v></c></row>", .damaged("cell reference is malformed")),
        ("<row><c r='AAAA1'><v>1</v></c></row>", .damaged("cell reference is malformed")),
        ("<row><c r='A'><v>1</v></c></row>", .damaged("cell reference is malformed")),
        ("<row><c t='s'><v>0</v></c></row>", .damaged("cell refers to a string that is not there")),
        ("<row><c t='s'><v>-1</v></c></row>", .damaged("cell refers to a string that is not there")),
    ])
    func `what breaks a limit or a rule is refused by name`(data: String, error: SpreadsheetError) {
        #expect(problem(Archive.workbook(data).bytes) == error)
    }

    @Test func `a short string shared by very many cells is refused before it is too much text`() throws {
        let long = String(repeating: "y", count: 90_000)
        let row = "<row>" + String(repeating: "<c t='s'><v>0</v></c>", count: 50) + "</row>"
        #expect(
            problem(
                Archive.workbook(String(repeating: row, count: 8), strings: "<sst><si><t>\(long)</t></si></sst>").bytes)
                == .tooMuchText)
    }

    @Test func `a ZIP without a workbook is no spreadsheet`() {
        #expect(problem(Archive([("word/document.xml", "<w/>")]).bytes) == .notASpreadsheet)
        #expect(problem(Archive([("_rels/.rels", "<Relationships/>")]).bytes) == .notASpreadsheet)
    }

    @Test func `old and locked files, large and empty ones are told apart`() {
        #expect(problem([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0, 0]) == .oldFormatOrLocked)
        #expect(problem([]) == .empty)
        #expect(problem([UInt8](repeating: 0x61, count: SpreadsheetLimits.fileBytes + 1)) == .fileTooLarge)
    }

    @Test func `each error has a code and both languages`() {
        let errors: [SpreadsheetError] = [
            .empty, .fileTooLarge, .tooManyRows, .tooManyColumns, .cellTooLong(row: 3), .tooMuchText, .inflatesTooMuch,
            .oldFormatOrLocked, .encrypted, .notASpreadsheet, .noWorksheet, .unknownEncoding, .unclosedQuote(row: 4),
            .damaged("x"),
        ]
        #expect(Set(errors.map(\.code)).count == errors.count)
        #expect(Set(errors.map(\.chinese)).count == errors.count)
        #expect(Set(errors.map(\.english)).count == errors.count)
        #expect(SpreadsheetError.cellTooLong(row: 3).chinese.contains("3"))
        #expect(SpreadsheetError.unclosedQuote(row: 4).english.contains("4"))
    }
}
