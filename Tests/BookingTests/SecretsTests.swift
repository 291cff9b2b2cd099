import Scheduling
import Testing

@testable import Booking

@Suite struct SecretsTests {
    private let now = UTCTime(clamping: 1_800_000_000)

    @Test(arguments: [
        ("123456789", "123 456 789"), ("123 456 789", "123 456 789"), (" 123-456-789\n", "123 456 789"),
        ("１２３　４５６　７８９", "123 456 789"), ("9–9-9 9 9 9 9 9 9", "999 999 999"), ("12345678", nil), ("1234567890", nil),
        ("023456789", nil), ("12345678a", nil), ("", nil), ("١٢٣٤٥٦٧٨٩", nil), ("+123456789", nil),
    ])
    func aNumberIsReadAsPeopleTypeIt(typed: String, shown: String?) {
        #expect(MeetingNumber(typed: typed)?.description == shown)
    }

    @Test func aNumberHasNineDigitsAndBeginsWithNoZero() {
        #expect(MeetingNumber(99_999_999) == nil && MeetingNumber(1_000_000_000) == nil)
        #expect(MeetingNumber(100_000_000)?.text == "100000000")
        #expect(MeetingNumber(typed: String(repeating: " ", count: 1_000_000) + "123456789") == nil)
    }

    @Test func drawnNumbersAreDifferentAndCoverTheRange() {
        var random = SeededSource(seed: 5)
        var pool = NumberPool()
        var first: Set<Int> = []
        for _ in 0..<2_000 {
            let number = pool.draw(at: now, using: &random)
            first.insert((number?.value ?? 0) / 100_000_000)
        }
        #expect(pool.used.count == 2_000 && first == Set(1...9))
    }

    @Test func aGeneratorThatAlwaysGivesTheSameStillEnds() {
        struct Stuck: RandomNumberGenerator { mutating func next() -> UInt64 { .max } }
        var random = Stuck()
        var pool = NumberPool()
        let drawn = (0..<50).compactMap { _ in pool.draw(at: now, using: &random)?.value }
        #expect(Set(drawn).count == 50 && drawn.allSatisfy(MeetingNumber.values.contains))
    }

    @Test func aNumberRestsForThirtyDays() throws {
        var random = SeededSource(seed: 6)
        var pool = NumberPool()
        let number = try #require(pool.draw(at: now, using: &random))
        pool.release(number, at: now)
        let end = now.advanced(by: 30 * 86_400)
        #expect(!pool.isFree(number, at: end.advanced(by: -1)) && pool.isFree(number, at: end))
        // A second release, as by a retry, does not lengthen it.
        pool.release(number, at: end)
        #expect(pool.isFree(number, at: end))
        pool.forgetFree(at: end)
        #expect(pool == NumberPool())
    }

    @Test func passwordsHaveFourToSixDigits() {
        #expect(MeetingPassword(typed: "12 34")?.text == "1234")
        #expect(MeetingPassword(typed: "１２３４５６")?.matches("123-456") == true)
        #expect(MeetingPassword(typed: "123") == nil && MeetingPassword(typed: "1234567") == nil)
        #expect(MeetingPassword(typed: "1234")?.matches("1235") == false)
        #expect(MeetingPassword(typed: "1234")?.matches("12340") == false)
        #expect(MeetingPassword(typed: "1234")?.matches("") == false)
        #expect(HostKey(typed: "123456")?.matches("１２３４５６") == true && HostKey(typed: "12345") == nil)
        var random = SeededSource(seed: 1)
        #expect(MeetingPassword(using: &random).text.count == 6 && HostKey(using: &random).text.count == 6)
        #expect("\(MeetingPassword(typed: "4711").map { "\($0)" } ?? "")".contains("4711") == false)
    }

    @Test func aTokenIsWrittenInOneWayAndKnownByItsDigest() throws {
        var random = SeededSource(seed: 2)
        for _ in 0..<50 {
            let token = InviteToken(using: &random)
            #expect(token.text.count == 43 && InviteToken(token.text) == token)
            #expect(token.digest.matches(token) && !token.digest.matches(InviteToken(using: &random)))
        }
        let zeros = String(repeating: "A", count: 43)
        let token = try #require(InviteToken(zeros))
        // SHA-256 of 32 zero bytes.
        #expect(token.digest.bytes.prefix(4) == [0x66, 0x68, 0x7a, 0xad])
        #expect(!InviteToken.Digest(bytes: []).matches(token))
        // The last two bits of 43 characters stand for nothing.
        #expect(InviteToken(zeros.dropLast() + "B") == nil)
        #expect(InviteToken(zeros + "A") == nil && InviteToken("") == nil && InviteToken(zeros.dropLast() + "=") == nil)
    }

    @Test func base64URLAgreesWithTheRFC() {
        for (plain, text) in [("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy")] {
            #expect(Base64URL.text(of: Array(plain.utf8)) == text)
            #expect(Base64URL.bytes(of: text.utf8) == Array(plain.utf8))
        }
        #expect(Base64URL.text(of: [0xFB, 0xFF]) == "-_8" && Base64URL.bytes(of: "A".utf8) == nil)
    }

    @Test func anAddressHasTenTriesAMinute() throws {
        var limits = GuessGuard()
        func answer(_ value: Int, _ seconds: Int) throws -> GuessGuard.Answer {
            limits.answer(
                try #require(MeetingNumber(value)), password: nil, from: "192.0.2.1", at: now.advanced(by: seconds),
                meeting: (false, nil))
        }
        for second in 0..<10 { #expect(try answer(200_000_000 + second, second) == .numberOrPassword) }
        #expect(try answer(300_000_000, 10) == .tooMany(wait: 50))
        #expect(try answer(300_000_000, 59) == .tooMany(wait: 1))
        #expect(try answer(300_000_000, 60) == .numberOrPassword)
        #expect(try answer(300_000_000, 60) == .tooMany(wait: 1))
    }

    @Test func fiveWrongPasswordsLockForTenMinutesWhetherOrNotThereIsAMeeting() throws {
        let number = try #require(MeetingNumber(200_000_000))
        for exists in [true, false] {
            var limits = GuessGuard()
            func answer(_ typed: String?, _ seconds: Int, from address: String = "a") -> GuessGuard.Answer {
                limits.answer(
                    number, password: typed, from: address, at: now.advanced(by: seconds),
                    meeting: (exists, exists ? MeetingPassword(typed: "4711") : nil))
            }
            #expect(answer(nil, 0) == .numberOrPassword)
            for second in 0..<5 { #expect(answer("0000", second) == .numberOrPassword) }
            #expect(answer("4711", 5) == .tooMany(wait: 599))
            #expect(answer(nil, 6) == .tooMany(wait: 598))
            #expect(answer("4711", 5, from: "b") == (exists ? .open : .numberOrPassword))
            #expect(answer("4711", 603) == .tooMany(wait: 1))
            #expect(answer("4711", 604) == (exists ? .open : .numberOrPassword))
        }
    }

    @Test func aNumberAloneOpensAMeetingWithoutAPassword() throws {
        var limits = GuessGuard()
        let number = try #require(MeetingNumber(200_000_000))
        #expect(limits.answer(number, password: nil, from: "a", at: now, meeting: (true, nil)) == .open)
        #expect(limits.answer(number, password: nil, from: "a", at: now, meeting: (false, nil)) == .numberOrPassword)
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededSource: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
