// The part of ZIP that office files use (APPNOTE 6.3): the central directory, stored and deflated entries.
//
// Everything is refused that lets two readers see different things or a small file become a large one: entries that
// overlap or share a name, headers that contradict each other, bytes behind the end. Names are looked up and never become
// paths. No ZIP64: it begins at 4 GB or 65,535 entries, both far beyond our limits.

import CZlib

struct ZipArchive {
    private struct Entry {
        var isDeflated: Bool
        var checksum: UInt32
        var packedBytes: Int
        var unpackedBytes: Int
        var data: Range<Int>
    }

    private let bytes: [UInt8]
    private var entries: [String: Entry] = [:]

    init(_ bytes: [UInt8]) throws(SpreadsheetError) {
        self.bytes = bytes
        let end = try endRecord()
        // Disk numbers are 0, and both counts agree: archives in several files are long gone.
        let count = try number16(end + 10)
        guard try number16(end + 4) == 0, try number16(end + 6) == 0, try number16(end + 8) == count else {
            throw .damaged("archive in several files")
        }
        guard count <= SpreadsheetLimits.archiveEntries else { throw .damaged("too many archive entries") }
        let directory = try number32(end + 16)
        guard directory + (try number32(end + 12)) == end else { throw .damaged("archive directory is not at the end") }
        var taken: [Range<Int>] = []
        var position = directory
        for _ in 0..<count { taken.append(try readEntry(at: &position, directory: directory)) }
        guard position == end else { throw .damaged("archive directory has another length") }
        taken.sort { $0.lowerBound < $1.lowerBound }
        for (entry, next) in zip(taken, taken.dropFirst()) where entry.upperBound > next.lowerBound {
            throw .damaged("archive entries overlap")
        }
    }

    /// Nil when there is no entry of this name. Letters' case does not count (ECMA-376 part 2, 6.2.2.3).
    func contents(of name: String) throws(SpreadsheetError) -> [UInt8]? {
        guard let entry = entries[name.lowercased()] else { return nil }
        let limit = max(entry.packedBytes * SpreadsheetLimits.inflateRatio, SpreadsheetLimits.harmlessBytes)
        guard entry.unpackedBytes <= min(limit, SpreadsheetLimits.partBytes) else { throw .inflatesTooMuch }
        let contents = entry.isDeflated ? inflated(entry) : Array(bytes[entry.data])
        guard let contents, contents.count == entry.unpackedBytes else {
            throw .damaged("archive entry does not unpack to its length")
        }
        guard cz_crc32(contents, contents.count) == entry.checksum else {
            throw .damaged("archive entry has another checksum")
        }
        return contents
    }

    private func inflated(_ entry: Entry) -> [UInt8]? {
        var isWhole = false
        // One byte more than promised, so that an entry that is longer, or empty, is no special case.
        let contents = [UInt8](unsafeUninitializedCapacity: entry.unpackedBytes + 1) { room, count in
            bytes[entry.data].withUnsafeBufferPointer { packed in
                isWhole = cz_inflate(
                    packed.baseAddress, packed.count, room.baseAddress, entry.unpackedBytes + 1, &count)
            }
        }
        return isWhole ? contents : nil
    }

    // MARK: Records

    /// The place of the end of central directory record (4.3.16), which a comment of up to 65,535 bytes may follow.
    private func endRecord() throws(SpreadsheetError) -> Int {
        let length = 22
        var position = bytes.count - length
        let first = max(position - 0xFFFF, 0)
        while position >= first {
            if try number32(position) == 0x0605_4B50, try position + length + number16(position + 20) == bytes.count {
                return position
            }
            position -= 1
        }
        throw .damaged("archive has no end")
    }

    /// Reads a central directory header (4.3.12) and the local one it points to (4.3.7); returns what both occupy there.
    private mutating func readEntry(at position: inout Int, directory: Int) throws(SpreadsheetError) -> Range<Int> {
        guard try number32(position) == 0x0201_4B50 else { throw .damaged("archive directory is malformed") }
        let flags = try number16(position + 8)
        let method = try number16(position + 10)
        let (packed, unpacked) = (try number32(position + 20), try number32(position + 24))
        let nameLength = try number16(position + 28)
        let local = try number32(position + 42)
        let name = try slice(position + 46, nameLength)
        // Bits 0 and 6: encrypted; bit 13: the directory is.
        guard flags & 0x2041 == 0, method != 99 else { throw .encrypted }
        guard method == 0 || method == 8 else { throw .damaged("archive entry is packed in an unknown way") }
        guard method == 8 || packed == unpacked else { throw .damaged("stored archive entry has two lengths") }
        guard packed != 0xFFFF_FFFF, unpacked != 0xFFFF_FFFF, local != 0xFFFF_FFFF else {
            throw .damaged("archive is in ZIP64 format")
        }

        guard try number32(local) == 0x0403_4B50, try number16(local + 8) == method,
            try number16(local + 26) == nameLength, try slice(local + 30, nameLength) == name
        else { throw .damaged("archive entry differs from the directory") }
        let data = local + 30 + nameLength + (try number16(local + 28))
        guard data + packed <= directory else { throw .damaged("archive entry reaches into the directory") }

        let key = String(decoding: name, as: UTF8.self).lowercased()
        guard entries[key] == nil else { throw .damaged("archive has two entries of one name") }
        entries[key] = Entry(
            isDeflated: method == 8, checksum: UInt32(truncatingIfNeeded: try number32(position + 16)),
            packedBytes: packed, unpackedBytes: unpacked, data: data..<data + packed)
        position += 46 + nameLength + (try number16(position + 30)) + (try number16(position + 32))
        return local..<data + packed
    }

    private func slice(_ position: Int, _ length: Int) throws(SpreadsheetError) -> ArraySlice<UInt8> {
        guard position >= 0, position <= bytes.count, length <= bytes.count - position else {
            throw .damaged("archive is cut off")
        }
        return bytes[position..<position + length]
    }

    private func number16(_ position: Int) throws(SpreadsheetError) -> Int {
        let slice = try slice(position, 2)
        return Int(slice[slice.startIndex]) | Int(slice[slice.startIndex + 1]) << 8
    }

    private func number32(_ position: Int) throws(SpreadsheetError) -> Int {
        try number16(position) | number16(position + 2) << 16
    }
}
