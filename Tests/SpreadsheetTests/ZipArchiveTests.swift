import Testing

@testable import Spreadsheet

@Suite struct ZipArchiveTests {
    /// 1,000 times `a`, deflated.
    private let packed: [UInt8] = [75, 76, 28, 5, 163, 96, 20, 12, 119, 0, 0]
    private let checksum: UInt32 = 0x9A38_DA03

    private func contents(_ archive: Archive, of name: String = "a") -> Result<[UInt8]?, SpreadsheetError> {
        Result { () throws(SpreadsheetError) in try ZipArchive(archive.bytes).contents(of: name) }
    }

    private func deflated(unpacked: Int) -> Archive {
        var archive = Archive()
        archive.entries = [.init(name: "a", data: packed, method: 8, unpacked: unpacked, checksum: checksum)]
        return archive
    }

    @Test func `stored and deflated entries come out, under any comment`() {
        var archive = deflated(unpacked: 1000)
        archive.entries.append(.init(name: "b", data: [1, 2, 3]))
        archive.entries.append(.init(name: "empty", data: []))
        archive.entries.append(.init(name: "packed empty", data: [3, 0], method: 8, unpacked: 0, checksum: 0))
        archive.comment = [UInt8](repeating: 0x50, count: 65_535)
        #expect(contents(archive) == .success([UInt8](repeating: 0x61, count: 1000)))
        #expect(contents(archive, of: "B") == .success([1, 2, 3]))
        #expect(contents(archive, of: "empty") == .success([]))
        #expect(contents(archive, of: "packed empty") == .success([]))
        #expect(contents(archive, of: "c") == .success(nil))
    }

    @Test(arguments: [999, 1001, 0]) func `an entry of another length than it claims is refused`(unpacked: Int) {
        #expect(
            contents(deflated(unpacked: unpacked)) == .failure(.damaged("archive entry does not unpack to its length")))
    }

    @Test func `an entry that claims to become too large is refused before it is unpacked`() {
        #expect(contents(deflated(unpacked: 1024 * 1024 + 1)) == .failure(.inflatesTooMuch))
        var archive = deflated(unpacked: 1)
        archive.entries[0].data = [UInt8](repeating: 0, count: 1_000_000)
        archive.entries[0].unpacked = SpreadsheetLimits.partBytes + 1
        #expect(contents(archive) == .failure(.inflatesTooMuch))
        archive.entries[0].unpacked = 0xFFFF_FFFF
        #expect(contents(archive) == .failure(.damaged("archive is in ZIP64 format")))
    }

    @Test func `wrong contents are refused by their checksum`() {
        var archive = Archive([("a", "text")])
        archive.entries[0].checksum = 1
        #expect(contents(archive) == .failure(.damaged("archive entry has another checksum")))
    }

    @Test(arguments: [1, 0x41, 0x2000]) func `encrypted entries are told from damaged ones`(flags: Int) {
        var archive = Archive([("a", "text")])
        archive.entries[0].flags = flags
        #expect(contents(archive) == .failure(.encrypted))
    }

    @Test func `entries that overlap are refused`() {
        var archive = Archive([("a", "text"), ("a2", "text")])
        archive.entries.append(.init(name: "a", data: Array("text".utf8), offset: 0))
        archive.entries.removeFirst()
        // `a` is looked for where `a2` is.
        #expect(contents(archive) == .failure(.damaged("archive entry differs from the directory")))
        // The second header lies inside the data of the first entry.
        let inner = Archive([("b", "text")]).bytes.prefix(35)
        archive = Archive()
        archive.entries = [
            .init(name: "a", data: Array(inner)),
            .init(name: "b", data: Array("text".utf8), offset: 31),
        ]
        #expect(contents(archive) == .failure(.damaged("archive entries overlap")))
    }

    @Test func `names that differ or come twice are refused`() {
        var archive = Archive([("a", "text")])
        archive.entries[0].localName = "b"
        #expect(contents(archive) == .failure(.damaged("archive entry differs from the directory")))
        #expect(
            contents(Archive([("a", "one"), ("A", "two")])) == .failure(.damaged("archive has two entries of one name"))
        )
    }

    @Test func `counts and places that do not fit are refused`() {
        var archive = Archive([("a", "text")])
        archive.count = 2
        #expect(contents(archive) == .failure(.damaged("archive directory is malformed")))
        archive.count = 0
        #expect(contents(archive) == .failure(.damaged("archive directory has another length")))
        archive.count = 2001
        #expect(contents(archive) == .failure(.damaged("too many archive entries")))
        archive.count = nil
        archive.gap = [0]
        #expect(contents(archive) == .failure(.damaged("archive directory is not at the end")))
        archive = Archive([("a", "text")])
        archive.entries[0].method = 12
        #expect(contents(archive) == .failure(.damaged("archive entry is packed in an unknown way")))
        archive.entries[0].method = 0
        archive.entries[0].unpacked = 5
        #expect(contents(archive) == .failure(.damaged("stored archive entry has two lengths")))
    }

    @Test func `no way of cutting an archive or changing one byte of it makes the reader trap`() {
        let file = Archive.workbook("<row><c><v>1</v></c></row>").bytes
        // Shorter than its first mark it is a text.
        for length in 4..<file.count { #expect(problem(Array(file.prefix(length))) != nil) }
        for index in file.indices {
            for value in [0, 0x7F, 0xFF] as [UInt8] {
                var changed = file
                changed[index] = value
                _ = problem(changed)
            }
        }
    }
}
