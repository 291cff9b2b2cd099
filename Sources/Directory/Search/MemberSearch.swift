// Finds members by Chinese name, English name, alias, account id and pinyin initials (B1). One pass over all names, kept
// as bytes in one row: ten thousand members are half a megabyte, which is read faster than an index would be kept right.

struct MemberSearch: Sendable {
    /// One name of one member in `bytes`.
    private struct Key: Sendable {
        var start: Int32
        var end: Int32
        var member: Int32
        var isInitials: Bool
    }

    private var bytes: [UInt8] = []
    private var keys: [Key] = []

    /// Results name members by their place in `members`.
    init(_ members: [Member]) {
        for (index, member) in members.enumerated() {
            for name in [member.names.zh, member.names.en, member.alias, member.account.key] where !name.isEmpty {
                append(name.searchKey, of: index, isInitials: false)
            }
            for initials in PinyinInitials.readings(of: member.names.zh) {
                append(initials, of: index, isInitials: true)
            }
        }
    }

    private mutating func append(_ key: [UInt8], of member: Int, isInitials: Bool) {
        // Members and the length of their names are limited; who is beyond is not found rather than a crash.
        guard let start = Int32(exactly: bytes.count), let end = Int32(exactly: bytes.count + key.count),
            let member = Int32(exactly: member)
        else { return }
        bytes += key
        keys.append(Key(start: start, end: end, member: member, isInitials: isInitials))
    }

    /// Members whose names match, the best first and equals in their own order, each once.
    func matches(_ query: String) -> [Int] {
        let wanted = String(query.prefix(DirectoryLimits.queryCharacters)).searchKey
        guard !wanted.isEmpty else { return [] }
        let letters = wanted.filter { $0 != UInt8(ascii: " ") }
        let initials = letters.allSatisfy(\.isASCIILetterOrDigit) ? letters : []
        var found: [(rank: Rank, member: Int)] = []
        for key in keys {
            let range = Int(key.start)..<Int(key.end)
            let rank = key.isInitials ? rank(ofInitials: initials, in: range) : rank(of: wanted, in: range)
            guard let rank else { continue }
            let member = Int(key.member)
            if let last = found.last, last.member == member {
                if rank < last.rank { found[found.count - 1].rank = rank }
            } else {
                found.append((rank, member))
            }
        }
        return found.sorted { ($0.rank, $0.member) < ($1.rank, $1.member) }.map(\.member)
    }

    /// How well a name matches, the best first.
    private enum Rank: Int, Comparable {
        case whole
        case start
        case wordStart
        case wholeInitials
        case startOfInitials
        case inside
        case insideInitials

        static func < (one: Rank, other: Rank) -> Bool { one.rawValue < other.rawValue }
    }

    private func rank(of wanted: [UInt8], in range: Range<Int>) -> Rank? {
        guard wanted.count <= range.count else { return nil }
        var best: Rank?
        for start in range.lowerBound...(range.upperBound - wanted.count)
        where bytes[start] == wanted[0] && bytes[start..<(start + wanted.count)].elementsEqual(wanted) {
            if start == range.lowerBound { return wanted.count == range.count ? .whole : .start }
            // A character of several bytes never begins inside another, so a match is one of whole characters.
            let isWord = bytes[start - 1] == UInt8(ascii: " ")
            best = min(best ?? .inside, isWord ? .wordStart : .inside)
        }
        return best
    }

    private func rank(ofInitials wanted: [UInt8], in range: Range<Int>) -> Rank? {
        guard !wanted.isEmpty, wanted.count <= range.count else { return nil }
        for start in range.lowerBound...(range.upperBound - wanted.count) where matches(wanted, at: start) {
            if start > range.lowerBound { return .insideInitials }
            return wanted.count == range.count ? .wholeInitials : .startOfInitials
        }
        return nil
    }

    private func matches(_ wanted: [UInt8], at start: Int) -> Bool {
        for (offset, letter) in wanted.enumerated() {
            let own = bytes[start + offset]
            if own != letter, own != PinyinInitials.unknown || !letter.isASCIILetter { return false }
        }
        return true
    }
}
