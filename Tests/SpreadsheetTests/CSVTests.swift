import Testing

@testable import Spreadsheet

@Suite struct CSVTests {
    private func rows(_ text: String) throws -> [[String]] { try Spreadsheet(reading: Array(text.utf8)).rows }

    // MARK: Encodings

    /// 姓名,𠮷 in each encoding. 𠮷 (U+20BB7) has four bytes in GB18030.
    @Test(
        arguments: [
            [0xE5, 0xA7, 0x93, 0xE5, 0x90, 0x8D, 0x2C, 0xF0, 0xA0, 0xAE, 0xB7],
            [0xEF, 0xBB, 0xBF, 0xE5, 0xA7, 0x93, 0xE5, 0x90, 0x8D, 0x2C, 0xF0, 0xA0, 0xAE, 0xB7],
            [0xD0, 0xD5, 0xC3, 0xFB, 0x2C, 0x95, 0x34, 0xB2, 0x35],
            [0x84, 0x31, 0x95, 0x33, 0xD0, 0xD5, 0xC3, 0xFB, 0x2C, 0x95, 0x34, 0xB2, 0x35],
            [0xFF, 0xFE, 0xD3, 0x59, 0x0D, 0x54, 0x2C, 0x00, 0x42, 0xD8, 0xB7, 0xDF],
            [0xFE, 0xFF, 0x59, 0xD3, 0x54, 0x0D, 0x00, 0x2C, 0xD8, 0x42, 0xDF, 0xB7],
        ] as [[UInt8]])
    func `each encoding gives the same text`(bytes: [UInt8]) throws {
        let sheet = try Spreadsheet(reading: bytes)
        #expect(sheet.format == .csv)
        #expect(sheet.rows == [["姓名", "𠮷"]])
    }

    @Test func `four-byte forms of the basic plane are decoded too`() throws {
        #expect(try Spreadsheet(reading: [0x81, 0x30, 0xAB, 0x36, 0xD0, 0xD5]).rows == [["ɏ姓"]])
    }

    @Test(
        arguments: [
            ([0xEF, 0xBB, 0xBF, 0xD0, 0xD5], .unknownEncoding),
            ([0xD0, 0xD5, 0xFF, 0xFF], .unknownEncoding),
            ([0xD0, 0xD5, 0xC3], .unknownEncoding),
            ([0xD0, 0xD5, 0x81, 0x30, 0xA1], .unknownEncoding),
            ([0xFF, 0xFE, 0x41], .unknownEncoding),
            ([0xFF, 0xFE, 0x42, 0xD8], .unknownEncoding),
            ([0x41, 0x00, 0x42, 0x00], .notASpreadsheet),
            ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D], .notASpreadsheet),
        ] as [([UInt8], SpreadsheetError)])
    func `what is no text is refused`(bytes: [UInt8], error: SpreadsheetError) {
        #expect(problem(bytes) == error)
    }

    // MARK: Records

    @Test(arguments: [
        ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
        ("a,b\nc,d", [["a", "b"], ["c", "d"]]),
        ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]),
        ("a;b;c\nd;e,f;g\n", [["a", "b", "c"], ["d", "e,f", "g"]]),
        ("a\tb\n1,5\t2;3\n", [["a", "b"], ["1,5", "2;3"]]),
        ("\"a,\"\"b\"\"\r\nc\",d\n", [["a,\"b\"\r\nc", "d"]]),
        ("\"a\"b,c\"d\n", [["ab", "c\"d"]]),
        ("\n\n,,x,,\n,\n", [[], [], ["", "", "x"]]),
        ("a, b ,\"\",c", [["a", " b ", "", "c"]]),
        ("alone", [["alone"]]),
        ("'+86,'''=x,''a,'", [["+86", "''=x", "''a", "'"]]),
    ])
    func `records are cut as RFC 4180 and Excel do`(text: String, expected: [[String]]) throws {
        #expect(try rows(text) == expected)
    }

    @Test func `instructions above the table do not decide about the separator`() throws {
        let notes = "1, 2, 3, 4, 5: read this first\nthen, too, this\n"
        let table = (0..<4).map { "name\($0);id\($0);x,y\n" }.joined()
        let read = try rows(notes + table)
        #expect(read[2] == ["name0", "id0", "x,y"])
    }

    @Test func `an open quotation mark names its row`() {
        #expect(problem(Array("a\nb,\"c\nd".utf8)) == .unclosedQuote(row: 2))
    }

    @Test func `limits hold for text files too`() {
        #expect(problem(Array((String(repeating: "\n", count: 20_000) + "x").utf8)) == .tooManyRows)
        #expect(problem(Array((String(repeating: ",", count: 64) + "x").utf8)) == .tooManyColumns)
        #expect(problem(Array("\n\(String(repeating: "x", count: 98_302))".utf8)) == .cellTooLong(row: 2))
        #expect(problem(Array("\n\n,,\n".utf8)) == .empty)
        #expect(throws: Never.self) { try rows(String(repeating: "\n", count: 19_999) + "x") }
    }

    // MARK: Writing

    @Test(arguments: [
        "=1+1", "+8613800000000", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠a", "'=1",
    ])
    func `a cell that would be a formula gets an apostrophe, and loses it when it is read`(text: String) throws {
        var writer = CSVWriter()
        writer.append(["x", text])
        let file = String(decoding: writer.bytes.dropFirst(3), as: UTF8.self)
        #expect(file.hasPrefix("x,'") || file.hasPrefix("x,\"'"))
        #expect(try Spreadsheet(reading: writer.bytes).rows == [["x", text]])
    }

    @Test func `what is written is what Excel expects`() {
        var writer = CSVWriter()
        writer.append(["张三", "a,b", "say \"hi\"", "1\n2", " x", "", "'quoted'"])
        writer.append([])
        #expect(
            writer.bytes == [0xEF, 0xBB, 0xBF]
                + Array("张三,\"a,b\",\"say \"\"hi\"\"\",\"1\n2\",\" x\",,'quoted'\r\n\r\n".utf8))
    }

    @Test func `any rows survive an export and the way back`() throws {
        let texts = ["", "a", "=", "'", "''+", "\"", ",", ";;;", "\r\n", "é", "－", " ", "\"\",\"", "𠮷"]
        var writer = CSVWriter()
        var expected: [[String]] = []
        for (index, text) in texts.enumerated() {
            let row = ["\(index)", text, texts[(index * 5 + 3) % texts.count], "end"]
            expected.append(row)
            writer.append(row)
        }
        #expect(try Spreadsheet(reading: writer.bytes).rows == expected)
    }
}
