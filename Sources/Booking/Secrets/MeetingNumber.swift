// The number that people read out on the phone to bring others into a meeting: nine digits, shown as 3-3-3. Which
// numbers are in use is kept by NumberPool.

public import Scheduling

public struct MeetingNumber: Hashable, Sendable, Comparable, CustomStringConvertible {
    public static let values = 100_000_000...999_999_999

    public let value: Int

    /// Nil outside `values`.
    public init?(_ value: Int) {
        guard Self.values.contains(value) else { return nil }
        self.value = value
    }

    /// Reads what people type and paste: `123456789`, `123 456 789`, `123-456-789`, full-width digits. Nil for anything
    /// else.
    public init?(typed: some StringProtocol) {
        guard let digits = Digits.read(typed), digits.count == 9 else { return nil }
        self.init(digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
    }

    /// Nine digits.
    public var text: String { String(value) }

    /// `123 456 789`.
    public var description: String {
        let digits = text
        return [digits.prefix(3), digits.dropFirst(3).prefix(3), digits.suffix(3)].joined(separator: " ")
    }

    public static func < (one: MeetingNumber, other: MeetingNumber) -> Bool { one.value < other.value }
}

/// The numbers that no new meeting may have: those of meetings that go on, and those of ended ones for 30 days, so that
/// who dials an old number does not land among strangers.
public struct NumberPool: Sendable, Equatable {
    /// Seconds.
    public static let quarantine = 30 * 86_400
    /// Random draws before the next free number is taken. With a million numbers in use a draw fails once in 900.
    private static let draws = 64

    public private(set) var used: Set<MeetingNumber>
    /// Until when.
    public private(set) var quarantined: [MeetingNumber: UTCTime]

    public init(used: Set<MeetingNumber> = [], quarantined: [MeetingNumber: UTCTime] = [:]) {
        self.used = used
        self.quarantined = quarantined
    }

    public func isFree(_ number: MeetingNumber, at now: UTCTime) -> Bool {
        !used.contains(number) && (quarantined[number].map { $0 <= now } ?? true)
    }

    /// Takes a free number at random; nil when all 900 million are in use.
    public mutating func draw(
        at now: UTCTime, using random: inout some RandomNumberGenerator
    ) -> MeetingNumber? {
        var value = MeetingNumber.values.lowerBound
        for _ in 0..<Self.draws {
            value = Int.random(in: MeetingNumber.values, using: &random)
            if let number = take(value, at: now) { return number }
        }
        // Whatever the generator gives, this ends: among one more than are in use one is free.
        for step in 0...min(used.count + quarantined.count, MeetingNumber.values.count) {
            let size = MeetingNumber.values.count
            let next = MeetingNumber.values.lowerBound + (value - MeetingNumber.values.lowerBound + step) % size
            if let number = take(next, at: now) { return number }
        }
        return nil
    }

    private mutating func take(_ value: Int, at now: UTCTime) -> MeetingNumber? {
        guard let number = MeetingNumber(value), isFree(number, at: now) else { return nil }
        quarantined[number] = nil
        used.insert(number)
        return number
    }

    /// The meeting has ended. A number that is not in use stays as it is.
    public mutating func release(_ number: MeetingNumber, at end: UTCTime) {
        guard used.remove(number) != nil else { return }
        quarantined[number] = end.advanced(by: Self.quarantine)
    }

    /// Forgets numbers whose quarantine is over.
    public mutating func forgetFree(at now: UTCTime) { quarantined = quarantined.filter { $0.value > now } }
}
