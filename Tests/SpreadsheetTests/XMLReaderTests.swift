import Testing

@testable import Spreadsheet

@Suite struct XMLReaderTests {
    /// Events as one line: `<a x=…>text</a>`, attributes left out.
    private func read(_ xml: String) -> Result<String, SpreadsheetError> {
        Result { () throws(SpreadsheetError) in
            var reader = try XMLReader(Array(xml.utf8))
            var line = ""
            while true {
                switch try reader.next() {
                case .start(let name): line += "<\(name)>"
                case .end(let name): line += "</\(name)>"
                case .text:
                    var text: [UInt8] = []
                    try reader.appendText(to: &text)
                    line += String(decoding: text, as: UTF8.self)
                case .finished: return line
                }
            }
        }
    }

    @Test(arguments: [
        ("<?xml version='1.0' encoding='UTF-8'?>\n<!-- c --><a><?p?><b/>t</a>\n", "<a><b></b>t</a>"),
        ("\u{FEFF}<n:a xmlns:n='u' x = \"1\" ><n:b\n/></n:a >", "<a><b></b></a>"),
        ("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x4e2d;&#x1F600;</a>", "<a><>&\"'A中😀</a>"),
        ("<a><![CDATA[<b>&amp;]]>&amp;<![CDATA[]]></a>", "<a><b>&amp;&</a>"),
        ("<a>1\r\n2\r3\n</a>", "<a>1\n2\n3\n</a>"),
        ("<a><!----></a>", "<a></a>"),
    ])
    func `what office programs write is read`(xml: String, events: String) {
        #expect(read(xml) == .success(events))
    }

    @Test(arguments: [
        ("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "XML declares a document type"),
        ("<!DOCTYPE a><a/>", "XML declares a document type"),
        ("<a>&b;</a>", "XML reference is not known"),
        ("<a>&#0;</a>", "XML reference is not known"),
        ("<a>&#xD800;</a>", "XML reference is not known"),
        ("<a>&#x110000;</a>", "XML reference is not known"),
        ("<a>&#99999999999;</a>", "XML reference has no end"),
        ("<a>&amp</a>", "XML reference has no end"),
        ("<a>\u{1}</a>", "XML holds a control character"),
        ("<a></b>", "XML ends an element that is not open"),
        ("</a>", "XML ends an element that is not open"),
        ("<a/><b/>", "XML has two roots"),
        ("x<a/>", "XML has text outside of its root"),
        ("<a/><![CDATA[x]]>", "XML has text outside of its root"),
        ("<a>", "XML is cut off"),
        ("<a", "XML tag is malformed"),
        ("", "XML is cut off"),
        ("<!-- ", "XML is cut off"),
        ("<a b='", "XML is cut off"),
        ("<a b=c/>", "XML attribute is not quoted"),
        ("<a b/>", "XML attribute has no value"),
        ("<a b='1'c='2'/>", "XML tag is malformed"),
        ("<a b='<'/>", "XML attribute holds a tag"),
        ("< a/>", "XML name is missing"),
        ("<?xml version='1.0' encoding='GB18030'?><a/>", "XML is not in UTF-8"),
    ])
    func `what is malformed or dangerous is refused`(xml: String, reason: String) {
        #expect(read(xml) == .failure(.damaged(reason)))
    }

    @Test func `depth and attributes are limited`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(throws: Never.self) { try read(nested(64)).get() }
        #expect(read(nested(65)) == .failure(.damaged("XML is nested too deep")))
        func rich(_ count: Int) -> String { "<a" + String(repeating: " b=''", count: count) + "/>" }
        #expect(read(rich(64)) == .success("<a></a>"))
        #expect(read(rich(65)) == .failure(.damaged("XML tag is malformed")))
    }

    @Test func `bytes that are no UTF-8 are refused in texts`() throws {
        var reader = try XMLReader(Array("<a>".utf8) + [0xFF] + Array("</a>".utf8))
        #expect(try reader.next() == .start("a"))
        #expect(try reader.next() == .text)
        var text: [UInt8] = []
        #expect(throws: SpreadsheetError.damaged("XML is not in UTF-8")) { try reader.appendText(to: &text) }
    }

    @Test func `attributes are found by the local part of their names`() throws {
        var reader = try XMLReader(Array("<a sheetId='1' r:id='&lt;2'/>".utf8))
        #expect(try reader.next() == .start("a"))
        #expect(try reader.attribute("id") == "<2")
        #expect(try reader.attribute("sheetId") == "1")
        #expect(try reader.attribute("r") == nil)
    }
}
