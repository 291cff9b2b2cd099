// What an SMTP server answers (RFC 5321, 4.2): a code and lines of text, put together from lines as they come.

public struct SMTPReply: Sendable, Equatable {
    /// 200 to 599.
    public let code: Int
    /// The lines without their codes, printable ASCII only and at most 512 bytes together: they cannot break
    /// a log line. They may quote addresses.
    public let lines: [String]

    public var text: String { lines.joined(separator: " ") }

    /// The server cannot now (RFC 5321, 4.2.1).
    var isTemporary: Bool { code / 100 == 4 }
    var isRefusal: Bool { code / 100 == 4 || code / 100 == 5 }
    var isPositive: Bool { code / 100 == 2 }
}

struct SMTPReplyParser: Sendable {
    enum Problem: Error { case malformed }

    private var code: Int?
    private var lines: [String] = []
    private var textBytes = 0

    /// A line without its end; nil when the reply goes on.
    mutating func take(_ line: [UInt8]) throws(Problem) -> SMTPReply? {
        guard line.count >= 3, line.count <= MailLimits.replyLineBytes, lines.count < MailLimits.replyLines else {
            throw .malformed
        }
        var number = 0
        for byte in line.prefix(3) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { throw .malformed }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        let mark = line.count > 3 ? line[3] : UInt8(ascii: " ")
        guard (200...599).contains(number), code == nil || code == number,
            mark == UInt8(ascii: " ") || mark == UInt8(ascii: "-")
        else { throw .malformed }
        code = number
        let text = line.dropFirst(4).prefix(max(MailLimits.replyTextBytes - textBytes, 0))
        textBytes += text.count
        lines.append(
            String(decoding: text.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self))
        guard mark == UInt8(ascii: " ") else { return nil }
        defer { self = SMTPReplyParser() }
        return SMTPReply(code: number, lines: lines)
    }
}

/// What the server can do, from its answer to EHLO (RFC 5321, 4.1.1.1).
struct SMTPCapabilities: Sendable, Equatable {
    var hasStartTLS = false
    var hasUTF8 = false
    var hasEightBit = false
    /// Nil: not said. Zero: no limit that it knows (RFC 1870, 3).
    var size: Int?
    var authentication: Set<String> = []

    init() {}

    init(_ reply: SMTPReply) {
        for line in reply.lines.dropFirst() {
            // Old servers write AUTH=LOGIN.
            let words = line.uppercased().split { $0 == " " || $0 == "=" }.map(String.init)
            switch words.first {
            case "STARTTLS": hasStartTLS = true
            case "SMTPUTF8": hasUTF8 = true
            case "8BITMIME": hasEightBit = true
            case "SIZE": size = words.count > 1 ? Int(words[1]).map { max($0, 0) } : 0
            case "AUTH": authentication.formUnion(words.dropFirst())
            default: break
            }
        }
    }
}
