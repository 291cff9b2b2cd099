// Every limit of mail, in one place, each with its reason.

enum MailLimits {
    // MARK: Messages

    /// Bytes of a subject or a display name; topics have at most 512.
    static let headerTextBytes = 1024
    /// Bytes of an address, of what stands before its @, of its domain, of one label (RFC 5321, 4.5.3.1; RFC 1035, 2.3.4).
    static let mailboxBytes = 254
    static let localPartBytes = 64
    static let domainBytes = 253
    static let labelBytes = 63
    /// Addresses in `To`, and recipients of one delivery: servers must take 100 (RFC 5321, 4.5.3.1.8).
    static let recipients = 100
    /// Bytes of an encoded message. An invitation has about 20 kB; servers refuse from 10 MB on.
    static let messageBytes = 4 * 1024 * 1024
    /// Characters of an encoded word (RFC 2047, 2), and of a header line with one.
    static let encodedWord = 75
    static let headerLine = 76
    /// Characters of a line in base64 or quoted-printable (RFC 2045, 6.7 and 6.8).
    static let bodyLine = 76

    // MARK: SMTP

    /// Bytes of a reply line. The standard says 512 (RFC 5321, 4.5.3.1.5), servers' explanations are longer.
    static let replyLineBytes = 4096
    /// Lines of a reply; the longest are answers to EHLO, with about 20.
    static let replyLines = 100
    /// Bytes of a reply's text that are kept for logs and people.
    static let replyTextBytes = 512
    /// Bytes of a user name and of a password (RFC 4616, 2).
    static let credentialBytes = 255
}
