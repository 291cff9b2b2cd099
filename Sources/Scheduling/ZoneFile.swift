// Reads a time zone file (TZif, version 2 or later, RFC 8536). The file is not trusted: every count is checked before
// anything of that size is made.

/// What a file may hold; the largest of tzdata has 3.6 kB, 242 changes and 20 kinds.
enum ZoneFileLimit {
    /// Bytes.
    static let size = 65_536
    /// Changes of the clocks.
    static let changes = 2_000
    /// Kinds of local time; one byte tells them apart.
    static let kinds = 256
    /// Bytes of all abbreviations.
    static let names = 1_024
    /// Bytes of the rule at the end.
    static let footer = 128
}

extension Zone {
    /// - Parameter file: the bytes of the TZif file.
    public init(name: String, file: [UInt8]) throws(SchedulingError) {
        guard Zone.isWellFormed(name: name) else { throw SchedulingError(.zoneName, name) }
        guard file.count <= ZoneFileLimit.size else { throw SchedulingError(.zoneFile, "size") }
        var reader = ZoneReader(rest: file[...])
        let first = try reader.header()
        // The first block is for readers of 32 bits; all its times come again.
        try reader.skip(first.blockSize(timeSize: 4))
        let header = try reader.header()
        let table = try reader.periods(header)
        let footer = try reader.footer()
        self.init(name: name, table: table, footer: footer)
    }

    private init(name: String, table: [Period], footer: ZoneFooter?) {
        var (periods, footerStart) = (table, Int64.min)
        if let footer {
            if footer.daylight == nil {
                // The table's last period is the rule already, unless there is no table.
                if table.count == 1 { periods = footer.periods(in: CivilDate.years) }
                footerStart = periods.last?.start ?? .min
            } else {
                let regular = footer.periods(in: CivilDate.years.lowerBound - 1...CivilDate.years.upperBound + 1)
                let last = table.last?.start ?? .min
                periods += regular.filter { $0.start > last }
                // Many files write out in their tables what the rule says as well.
                let irregular = table.last { period in
                    !regular.contains { $0.start == period.start && $0.offset == period.offset }
                }
                footerStart = irregular?.start ?? .min
            }
        }
        self.name = name
        self.periods = periods
        self.footer = footer
        self.footerStart = footerStart
    }

    /// A name of the tz database: up to four parts of letters, digits, `_`, `+` and `-`, a capital first (`localtime`,
    /// `posixrules` and the folder `right` are no zones). No dot is allowed, so that none leads out of a folder.
    public static func isWellFormed(name: String) -> Bool {
        guard name.utf8.count <= 64, let first = name.utf8.first, (0x41...0x5a).contains(first) else { return false }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count <= 4
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        switch byte {
                        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2d, 0x5f: true
                        default: false
                        }
                    }
            }
    }
}

private struct ZoneHeader {
    var utcMarks = 0, standardMarks = 0, leapSeconds = 0, changes = 0, kinds = 0, names = 0

    /// The counts are below 2^32, so the sum is far from overflow.
    func blockSize(timeSize: Int) -> Int {
        changes * (timeSize + 1) + kinds * 6 + names + leapSeconds * (timeSize + 4) + standardMarks + utcMarks
    }
}

private struct ZoneReader {
    var rest: ArraySlice<UInt8>

    mutating func take(_ count: Int) throws(SchedulingError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw SchedulingError(.zoneFile, "cut off") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func skip(_ count: Int) throws(SchedulingError) { _ = try take(count) }

    /// Big-endian, two's complement.
    mutating func number(bytes: Int) throws(SchedulingError) -> Int64 {
        let first = rest.first ?? 0
        return try take(bytes).reduce(first >= 0x80 ? -1 : 0) { $0 << 8 | Int64($1) }
    }

    /// RFC 8536, 3.1.
    mutating func header() throws(SchedulingError) -> ZoneHeader {
        guard try take(4).elementsEqual("TZif".utf8) else { throw SchedulingError(.zoneFile, "no TZif") }
        guard try number(bytes: 1) >= 0x32 else { throw SchedulingError(.zoneFile, "version") }
        try skip(15)
        var header = ZoneHeader()
        for field in [
            \ZoneHeader.utcMarks, \.standardMarks, \.leapSeconds, \.changes, \.kinds, \.names,
        ] as [WritableKeyPath<ZoneHeader, Int>] {
            header[keyPath: field] = Int(try number(bytes: 4) & 0xffff_ffff)
        }
        return header
    }

    /// RFC 8536, 3.2.
    mutating func periods(_ header: ZoneHeader) throws(SchedulingError) -> [Zone.Period] {
        // Files that count leap seconds are for clocks that do.
        guard header.changes <= ZoneFileLimit.changes, (1...ZoneFileLimit.kinds).contains(header.kinds),
            header.names <= ZoneFileLimit.names, header.leapSeconds == 0
        else { throw SchedulingError(.zoneFile, "counts") }
        var times: [Int64] = []
        for _ in 0..<header.changes {
            let time = try number(bytes: 8)
            guard times.last.map({ $0 < time }) ?? true else { throw SchedulingError(.zoneFile, "order") }
            times.append(time)
        }
        let indices = try take(header.changes)
        var kinds: [(offset: Int, isDaylight: Bool, name: Int)] = []
        for _ in 0..<header.kinds {
            let offset = Int(try number(bytes: 4))
            guard (-89_999...93_599).contains(offset) else { throw SchedulingError(.zoneFile, "offset") }
            kinds.append((offset, try number(bytes: 1) != 0, Int(try number(bytes: 1) & 0xff)))
        }
        let names = try take(header.names)
        try skip(header.standardMarks + header.utcMarks)

        func period(_ start: Int64, _ index: UInt8) throws(SchedulingError) -> Zone.Period {
            guard Int(index) < kinds.count else { throw SchedulingError(.zoneFile, "kind") }
            let kind = kinds[Int(index)]
            let name = names.dropFirst(kind.name).prefix { $0 != 0 }
            return Zone.Period(
                start: start, offset: kind.offset, isDaylight: kind.isDaylight,
                name: String(decoding: name, as: UTF8.self))
        }
        var periods = [try period(.min, 0)]
        for (time, index) in zip(times, indices) { periods.append(try period(time, index)) }
        return periods
    }

    /// RFC 8536, 3.3. An empty one says that nothing is known.
    mutating func footer() throws(SchedulingError) -> ZoneFooter? {
        guard try take(1).first == 0x0a else { throw SchedulingError(.zoneFile, "footer") }
        let text = rest.prefix { $0 != 0x0a }
        guard text.count < rest.count, text.count <= ZoneFileLimit.footer else {
            throw SchedulingError(.zoneFile, "footer")
        }
        guard !text.isEmpty else { return nil }
        guard let footer = ZoneFooter([UInt8](text)) else { throw SchedulingError(.zoneFile, "footer") }
        return footer
    }
}
