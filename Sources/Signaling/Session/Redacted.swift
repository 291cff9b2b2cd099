// How names of people and meetings, and addresses, appear in logs: as marks that are the same for the same text while
// this process runs, so that lines can be brought together, and that tell nothing to who reads them.

struct Redacted: CustomStringConvertible, Sendable {
    private let text: String

    init(_ text: String) { self.text = text }

    /// Another salt for each process: without it, a list of likely names would undo the mark.
    private static let salt = UInt64.random(in: .min ... .max)

    var description: String {
        // FNV-1a; nothing secret hangs on its quality.
        let hash = text.utf8.reduce(14_695_981_039_346_656_037 ^ Self.salt) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        let digits = String(UInt32(truncatingIfNeeded: hash >> 16), radix: 16)
        return "#" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
