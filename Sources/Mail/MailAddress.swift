// An address with a display name, checked once so that nothing behind it can be injected by it.

public struct MailAddress: Sendable, Equatable, Hashable {
    /// Empty when there is none.
    public let name: String
    /// `local@domain`.
    public let mailbox: String

    /// The local part is a dot-atom (RFC 5322, 3.2.3; quoted local parts are refused: nobody has one, attackers do), the
    /// domain host-name labels. Letters of all scripts are taken in both (RFC 6531), and sent where the server can.
    public init(_ mailbox: String, name: String = "") throws(MailMessageError) {
        guard HeaderText.isPlain(name) else { throw .invalidName }
        guard Self.isMailbox(mailbox) else { throw .invalidAddress }
        self.name = name
        self.mailbox = mailbox
    }

    /// False: only a server with SMTPUTF8 can take it.
    var isASCII: Bool { mailbox.utf8.allSatisfy { $0 < 0x80 } }

    static func isMailbox(_ text: String) -> Bool {
        guard text.utf8.count <= MailLimits.mailboxBytes else { return false }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && isDotAtom(parts[0]) && isDomain(parts[1])
    }

    private static func isDotAtom(_ text: Substring) -> Bool {
        guard text.utf8.count <= MailLimits.localPartBytes else { return false }
        return text.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.allSatisfy { isLetterOrDigit($0) || atomSigns.contains($0) } }
    }

    static func isDomain(_ text: Substring) -> Bool {
        guard text.utf8.count <= MailLimits.domainBytes else { return false }
        return text.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8Count <= MailLimits.labelBytes && label.first != "-" && label.last != "-"
                && label.allSatisfy { isLetterOrDigit($0) || $0 == "-" }
        }
    }

    /// What may stand in an atom beside letters and digits (RFC 5322, 3.2.3).
    static let atomSigns = Set("!#$%&'*+-/=?^_`{|}~".unicodeScalars)

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? isASCIILetterOrDigit(scalar) : scalar.properties.isXIDContinue
    }

    static func isASCIILetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }
}

extension Substring.UnicodeScalarView {
    fileprivate var utf8Count: Int { reduce(0) { $0 + UTF8.width($1) } }
}
