// The page that comes with the program.

import Foundation
import Testing
import WebClient

struct WebPageTests {
    @Test func findsThePageAndItsParts() throws {
        let page = try WebPage.bundled()
        let index = try #require(page.file(at: ""))
        #expect(index.contentType == "text/html; charset=utf-8")
        let html = String(decoding: index.bytes, as: UTF8.self)
        // Every local file the page names is there, with a type a browser accepts under nosniff.
        for match in html.matches(of: #/(?:src|href)="\./([^"]+)"/#) {
            let file = try #require(page.file(at: String(match.output.1)), "\(match.output.1)")
            #expect(!file.contentType.isEmpty)
        }
        // The Content-Security-Policy forbids inline scripts, styles and handlers.
        #expect(html.firstMatch(of: #/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/#) == nil)
        #expect(page.file(at: "../WebPage.swift") == nil)
        #expect(page.file(at: "/etc/passwd") == nil)
    }

    @Test func servesKnownKindsOnlyAndTagsTheirContent() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "page-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let inner = folder.appendingPathComponent("a/b")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
        for (name, text) in ["index.html": "x", "notes.md": "x", ".hidden.js": "x", "a/b/c.js": "y", "a/b/d.js": "y"] {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        let page = try WebPage(folder: folder)
        #expect(page.file(at: "")?.entityTag == page.file(at: "index.html")?.entityTag)
        #expect(page.file(at: "notes.md") == nil)
        #expect(page.file(at: ".hidden.js") == nil)
        #expect(page.file(at: "a/b/c.js")?.contentType == "text/javascript; charset=utf-8")
        #expect(page.file(at: "a/b/c.js")?.entityTag == page.file(at: "a/b/d.js")?.entityTag)
        #expect(page.file(at: "a/b/c.js")?.entityTag != page.file(at: "")?.entityTag)
        try FileManager.default.removeItem(at: folder.appendingPathComponent("index.html"))
        #expect(throws: WebPage.Failure.self) { try WebPage(folder: folder) }
    }
}
