// E-mail addresses of the plain kind (RFC 5321 `Mailbox` with a dot-string, ASCII). Quoted local parts, address literals
// and comments are legal there and in nobody's directory; what they could smuggle into a mail header they cannot here.

public struct EmailAddress: Sendable, Hashable, CustomStringConvertible {
    /// The local part as written, the domain in lower case.
    public let text: String

    public init?(_ written: String) {
        let plain = written.halfWidth.trimmed
        let bytes = Array(plain.utf8)
        guard bytes.count <= DirectoryLimits.emailBytes else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isLocalPart(parts[0]), Self.isDomain(parts[1]) else { return nil }
        self.text =
            String(decoding: parts[0], as: UTF8.self) + "@" + String(decoding: parts[1], as: UTF8.self).lowercased()
    }

    public var description: String { text }

    private static let atomMarks: Set<UInt8> = Set("!#$%&'*+-/=?^_`{|}~".utf8)

    private static func isLocalPart(_ bytes: ArraySlice<UInt8>) -> Bool {
        (1...DirectoryLimits.emailLocalBytes).contains(bytes.count)
            && bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
                !atom.isEmpty && atom.allSatisfy { $0.isASCIILetterOrDigit || atomMarks.contains($0) }
            }
    }

    private static func isDomain(_ bytes: ArraySlice<UInt8>) -> Bool {
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.count >= 2, let top = labels.last, !top.allSatisfy(\.isASCIIDigit) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") }
        }
    }
}
