import Testing

@testable import Scheduling

@Suite struct ZoneTests {
    private let folder = ZoneFolder()

    @Test(arguments: [
        ("America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00Z", "2026-03-08T03:30:00"),
        // The very second of a change.
        ("America/New_York", "2026-03-08T03:00:00", "2026-03-08T07:00:00Z", "2026-03-08T03:00:00"),
        ("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z", "2026-11-01T01:30:00"),
        ("America/New_York", "2150-07-01T12:00:00", "2150-07-01T16:00:00Z", "2150-07-01T12:00:00"),
        ("Asia/Shanghai", "2026-11-21T15:00:00", "2026-11-21T07:00:00Z", "2026-11-21T15:00:00"),
        ("Asia/Shanghai", "1988-07-01T09:00:00", "1988-07-01T00:00:00Z", "1988-07-01T09:00:00"),
        ("Europe/Dublin", "2026-07-01T09:00:00", "2026-07-01T08:00:00Z", "2026-07-01T09:00:00"),
    ])
    func convertsBothWays(_ name: String, _ local: String, _ utc: String, _ back: String) throws {
        let zone = try folder.zone(named: name)
        let time = zone.utc(try CivilDateTime(local))
        #expect(time.description == utc)
        #expect(zone.local(time).description == back)
    }

    @Test func theEndsOfTheCalendarAreNoTrap() throws {
        for name in ["America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Etc/UTC"] {
            let zone = try folder.zone(named: name)
            for date in [CivilDate(clamping: .min), CivilDate(clamping: .max)] {
                let time = zone.utc(CivilDateTime(date, secondOfDay: 86_399))
                #expect(UTCTime.range.contains(time.secondsSince1970))
                #expect(CivilDate.years.contains(zone.local(time).date.year))
            }
        }
    }

    @Test(arguments: [
        "EST5EDT,M3.2.0,M11.1.0", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "IST-1GMT0,M10.5.0,M3.5.0/1", "CST-8",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "IST-2IDT,M3.4.4/26,M10.5.0", "XXX3EDT4,0/0,J365/23",
        "AAA0BBB,J60,300/167:59:59",
    ])
    func readsFooters(_ text: String) throws {
        let footer = try #require(ZoneFooter([UInt8](text.utf8)))
        let periods = footer.periods(in: 2020...2040)
        #expect(periods.count == (footer.daylight == nil ? 1 : 42))
        for (one, other) in zip(periods, periods.dropFirst()) { #expect(one.start <= other.start) }
    }

    @Test(arguments: [
        "", "E5", "EST", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0", "EST25", "EST5EDT,J0,J1", "EST5EDT,366,1", "EST5EDT,M3.2.0/168,M11.1.0", "<EST5",
        "EST5EDT,M3.2.0,M11.1.0,", "EST99999999999999999999", "EST5:60", "ABCDEFGHIJKL5", "EST5EDT,M3.2.0,M11.1.0 ",
    ])
    func refusesFootersThatAreNone(_ text: String) {
        #expect(ZoneFooter([UInt8](text.utf8)) == nil)
    }

    /// A file of one period, with whatever the test wants to be wrong.
    private func file(
        version: UInt8 = 0x32, counts: [UInt32] = [0, 0, 0, 0, 1, 4],
        data: [UInt8] = [0, 0, 0x70, 0x80, 0, 0, 0x43, 0x53, 0x54, 0],
        footer: String = "\nCST-8\n"
    ) -> [UInt8] {
        func header(_ counts: [UInt32]) -> [UInt8] {
            Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
                + counts.flatMap { count in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } }
        }
        return header([0, 0, 0, 0, 0, 0]) + header(counts) + data + Array(footer.utf8)
    }

    @Test func readsAFileMadeByHand() throws {
        let zone = try Zone(name: "Asia/Test", file: file())
        #expect(zone.offset(at: UTCTime(clamping: 0)) == 28_800)
    }

    @Test func refusesHostileFiles() throws {
        let huge = UInt32.max
        let good = file()
        var files: [[UInt8]] = [
            [], Array("TZif".utf8), file(version: 0), file(footer: "CST-8\n"), file(footer: "\nCST-8"),
            file(footer: "\nnonsense\n"),
            file(footer: "\n" + String(repeating: "A", count: 200) + "\n"),
            // Counts that promise more than there is, no kinds, leap seconds.
            file(counts: [huge, huge, huge, huge, huge, huge]), file(counts: [0, 0, 0, 2_001, 1, 4]),
            file(counts: [0, 0, 0, 0, 0, 4]), file(counts: [0, 0, 1, 0, 1, 4]), file(counts: [0, 0, 0, 0, 257, 4]),
            file(counts: [0, 0, 0, 0, 1, huge]),
            // An offset of years; a change of a kind that is not there; changes out of order.
            file(data: [0x7f, 0xff, 0xff, 0xff, 0, 0, 0x43, 0x53, 0x54, 0]),
            file(
                counts: [0, 0, 0, 1, 1, 4],
                data: [0, 0, 0, 0, 0, 0, 0, 9, 7, 0, 0, 0x70, 0x80, 0, 0, 0x43, 0x53, 0x54, 0]),
            file(
                counts: [0, 0, 0, 2, 1, 4],
                data: [UInt8](repeating: 0, count: 18) + [0, 0, 0x70, 0x80, 0, 0, 0x43, 0x53, 0x54, 0]),
            [UInt8](repeating: 0x54, count: 100_000),
        ]
        files += good.indices.map { Array(good.prefix($0)) }
        for file in files {
            #expect(throws: SchedulingError.self, "\(file.prefix(80))") { try Zone(name: "Asia/Test", file: file) }
        }
    }

    @Test func takesTwoThousandChangesAndNoMore() throws {
        func changes(_ count: Int) -> [UInt8] {
            let times: [UInt8] = (1...count).flatMap { number -> [UInt8] in
                [0, 0, 0, 0, 0, 0, UInt8(number >> 8), UInt8(number & 0xff)]
            }
            let kind: [UInt8] = [0, 0, 0x70, 0x80, 0, 0, 0x43, 0x53, 0x54, 0]
            return file(
                counts: [0, 0, 0, UInt32(count), 1, 4], data: times + [UInt8](repeating: 0, count: count) + kind)
        }
        #expect(try Zone(name: "Asia/Test", file: changes(2_000)).periods.count == 2_001)
        #expect(throws: SchedulingError(.zoneFile, "counts")) { try Zone(name: "Asia/Test", file: changes(2_001)) }
    }

    @Test func survivesEveryChangedByte() throws {
        let good = file(
            counts: [1, 1, 0, 1, 1, 4],
            data: [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0x70, 0x80, 0, 0, 0x43, 0x53, 0x54, 0, 0, 0],
            footer: "\nEST5EDT,M3.2.0,M11.1.0\n")
        _ = try Zone(name: "Asia/Test", file: good)
        for index in good.indices {
            for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
                var bad = good
                bad[index] = value
                if let zone = try? Zone(name: "Asia/Test", file: bad) {
                    let time = zone.utc(try CivilDateTime("2026-03-08T02:30:00"))
                    #expect(abs(time.seconds(since: try UTCTime("20260308T023000Z"))) <= 93_599)
                    _ = zone.observances(from: time, to: time)
                }
            }
        }
    }

    @Test func namesLeadNowhereElse() {
        for name in [
            "../../etc/passwd", "/etc/passwd", "Asia/..", "Asia/./Shanghai", "", "Asia/", "A\0", "Asia\\Shanghai",
            "localtime",
        ] {
            #expect(throws: SchedulingError(.zoneName, name)) { try folder.zone(named: name) }
        }
        #expect(throws: SchedulingError(.zoneUnknown, "Asia")) { try folder.zone(named: "Asia") }
    }
}
