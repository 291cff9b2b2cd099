// A message as people get it: text, the same as HTML, and an invitation that calendars understand (RFC 6047). Building it
// is pure: date and identifier come in.

public struct MailMessage: Sendable, Equatable {
    /// An iCalendar object, as mail programs show it and as a file for those that do not.
    public struct Invitation: Sendable, Equatable {
        /// Must be the METHOD inside the object (RFC 6047, 2.4).
        public enum Method: String, Sendable {
            case request = "REQUEST"
            case cancel = "CANCEL"
        }
        public var method: Method
        public var text: String

        public init(method: Method, text: String) {
            self.method = method
            self.text = text
        }
    }

    public var from: MailAddress
    public var to: [MailAddress]
    /// Where answers go: the organiser, while `from` is the server.
    public var replyTo: MailAddress?
    public var subject: String
    /// `local@domain`, without angle brackets; unique for ever.
    public var messageID: String
    /// Seconds since 1970.
    public var date: Int64
    public var plainText: String
    public var html: String?
    public var invitation: Invitation?

    public init(
        from: MailAddress, to: [MailAddress], replyTo: MailAddress? = nil, subject: String, messageID: String,
        date: Int64,
        plainText: String, html: String? = nil, invitation: Invitation? = nil
    ) {
        self.from = from
        self.to = to
        self.replyTo = replyTo
        self.subject = subject
        self.messageID = messageID
        self.date = date
        self.plainText = plainText
        self.html = html
        self.invitation = invitation
    }

    /// The message as it travels (RFC 5322): lines in CRLF, seven-bit except for addresses in other scripts.
    public func encoded() throws(MailMessageError) -> [UInt8] {
        guard !to.isEmpty else { throw .noRecipient }
        guard to.count <= MailLimits.recipients else { throw .tooManyRecipients }
        guard HeaderText.isPlain(subject) else { throw .invalidSubject }
        guard MailAddress.isMailbox(messageID), messageID.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw .invalidMessageID
        }
        guard let date = MailDate.text(date) else { throw .invalidDate }
        let contents = [plainText, html ?? "", invitation?.text ?? ""]
        // Encoding makes a text four times as long at most, the invitation twice; asked before the work is done.
        guard contents.reduce(0, { $0 + $1.utf8.count }) <= MailLimits.messageBytes else { throw .tooLarge }

        var header = HeaderText.field("Date", [date])
        header += HeaderText.field("From", HeaderText.address(from, column: "From: ".utf8.count))
        if let replyTo {
            header += HeaderText.field("Reply-To", HeaderText.address(replyTo, column: "Reply-To: ".utf8.count))
        }
        header += HeaderText.field("To", addressList(to))
        header += HeaderText.field("Subject", HeaderText.unstructured(subject, column: "Subject: ".utf8.count))
        header += HeaderText.field("Message-ID", ["<\(messageID)>"])
        // Out-of-office programs must not answer (RFC 3834, 5).
        header += HeaderText.field("Auto-Submitted", ["auto-generated"])
        header += HeaderText.field("MIME-Version", ["1.0"])
        let message = Array(header.utf8) + body.encoded + [0x0D, 0x0A]
        guard message.count <= MailLimits.messageBytes else { throw .tooLarge }
        return message
    }

    private func addressList(_ addresses: [MailAddress]) -> [String] {
        var tokens: [String] = []
        for (index, address) in addresses.enumerated() {
            if let last = tokens.popLast() { tokens.append("\(last),") }
            tokens += HeaderText.address(address, column: index == 0 ? "To: ".utf8.count : 1)
        }
        return tokens
    }

    private var body: MIMEPart {
        var alternatives = [MIMEPart.text(plainText, type: "text/plain; charset=UTF-8")]
        if let html { alternatives.append(.text(html, type: "text/html; charset=UTF-8")) }
        if let invitation {
            alternatives.append(
                .text(invitation.text, type: "text/calendar; method=\(invitation.method.rawValue); charset=UTF-8"))
        }
        let shown = alternatives.count == 1 ? alternatives[0] : .multipart("alternative", alternatives)
        guard let invitation else { return shown }
        return .multipart("mixed", [shown, .attachment(invitation.text, type: "application/ics", name: "invite.ics")])
    }
}
