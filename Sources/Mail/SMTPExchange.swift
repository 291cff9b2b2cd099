// One message handed to one server (RFC 5321, 3.3), as a state machine: lines of the server in, actions out. It knows no
// socket and no clock; `SMTPChannelHandler` is its shell.
//
//     greeting → EHLO → [STARTTLS → handshake → EHLO] → [AUTH] → MAIL → RCPT … → DATA → message → done
//
// After STARTTLS all that the server said before is forgotten (RFC 3207, 4.2), and nothing is sent before the encryption
// that was asked for stands.

/// What the server took.
public struct SMTPReceipt: Sendable, Equatable {
    public struct Refusal: Sendable, Equatable {
        public let recipient: MailAddress
        public let error: DeliveryError
    }
    /// Its last answer; servers name their queue's identifier there.
    public let reply: SMTPReply
    /// Recipients that it did not take, while it took others.
    public let refusals: [Refusal]
}

/// Who sends what to whom.
struct SMTPEnvelope: Sendable {
    var from: MailAddress
    var recipients: [MailAddress]
    /// As `MailMessage.encoded` gives it.
    var message: [UInt8]
}

struct SMTPExchange: Sendable {
    enum Action: Sendable, Equatable {
        /// More lines are to come.
        case wait
        /// Bytes to send; then the next reply is due.
        case send([UInt8])
        /// Begin the handshake, then call `secured`. What the server sent before it must be thrown away as an attack.
        case startTLS
        /// The end.
        case finish(Result<SMTPReceipt, DeliveryError>)
    }

    private enum State: Sendable, Equatable {
        case greeting, hello, startTLS, handshake, loginUser, loginPassword, verdict, sender
        case recipient(Int)
        case data, message, finished
    }

    private let envelope: SMTPEnvelope
    private let helloName: String
    private let credentials: SMTPServer.Credentials?
    private let security: SMTPServer.Security
    private var isSecure: Bool
    private var state = State.greeting
    private var parser = SMTPReplyParser()
    private var capabilities = SMTPCapabilities()
    private var refusals: [SMTPReceipt.Refusal] = []

    init(
        _ envelope: SMTPEnvelope, helloName: String, security: SMTPServer.Security, credentials: SMTPServer.Credentials?
    ) {
        self.envelope = envelope
        self.helloName = helloName
        self.security = security
        self.credentials = credentials
        isSecure = security == .implicitTLS
    }

    /// What is waited for.
    var stage: SMTPStage {
        switch state {
        case .greeting: .greeting
        case .hello: .hello
        case .startTLS, .handshake: .startTLS
        case .loginUser, .loginPassword, .verdict: .authentication
        case .sender: .sender
        case .recipient: .recipient
        case .data: .data
        case .message, .finished: .message
        }
    }

    /// A line of the server, without its end.
    mutating func receive(_ line: [UInt8]) -> Action {
        guard state != .finished, state != .handshake else { return .wait }
        let reply: SMTPReply
        do {
            guard let whole = try parser.take(line) else { return .wait }
            reply = whole
        } catch {
            return fail(.malformedReply(stage))
        }
        if case .recipient(let index) = state { return receive(reply, about: index) }
        if reply.isRefusal { return fail(.refused(stage, reply)) }
        switch state {
        case .greeting where reply.isPositive: return greet()
        case .hello where reply.isPositive: return choose(SMTPCapabilities(reply))
        case .startTLS where reply.isPositive:
            state = .handshake
            return .startTLS
        case .verdict where reply.isPositive: return nameSender()
        case .loginUser where reply.code == 334:
            // The same code asks for the user's name, then for the password.
            state = .loginPassword
            return send(Base64.text(Array((credentials?.user ?? "").utf8)))
        case .loginPassword where reply.code == 334:
            state = .verdict
            return send(Base64.text(Array((credentials?.password ?? "").utf8)))
        case .sender where reply.isPositive: return nameRecipient(0)
        case .data where reply.code == 354:
            state = .message
            return .send(Self.dotStuffed(envelope.message))
        case .message where reply.isPositive:
            state = .finished
            return .finish(.success(SMTPReceipt(reply: reply, refusals: refusals)))
        default: return fail(.malformedReply(stage))
        }
    }

    /// The handshake that `startTLS` asked for is done.
    mutating func secured() -> Action {
        guard state == .handshake else { return .wait }
        isSecure = true
        return greet()
    }

    // MARK: Steps

    private mutating func greet() -> Action {
        state = .hello
        return send("EHLO \(helloName)")
    }

    private mutating func choose(_ offered: SMTPCapabilities) -> Action {
        if security == .startTLS, !isSecure {
            guard offered.hasStartTLS else { return fail(.tlsNotOffered) }
            state = .startTLS
            return send("STARTTLS")
        }
        capabilities = offered
        guard let credentials else { return nameSender() }
        guard isSecure else { return fail(.tlsNotOffered) }
        if offered.authentication.contains("PLAIN") {
            state = .verdict
            // RFC 4616: nobody to act for, the user, the password.
            let response = [0] + Array(credentials.user.utf8) + [0] + Array(credentials.password.utf8)
            return send("AUTH PLAIN \(Base64.text(response))")
        }
        guard offered.authentication.contains("LOGIN") else { return fail(.authenticationNotOffered) }
        state = .loginUser
        return send("AUTH LOGIN")
    }

    private mutating func nameSender() -> Action {
        if let limit = capabilities.size, limit > 0, envelope.message.count > limit {
            return fail(.tooLarge(limit: limit))
        }
        var command = "MAIL FROM:<\(envelope.from.mailbox)>"
        if capabilities.size != nil { command += " SIZE=\(envelope.message.count)" }
        // The message is seven-bit unless an address in it is not (`MailMessage.encoded`).
        let isInternational =
            !envelope.from.isASCII || !envelope.recipients.allSatisfy(\.isASCII)
            || envelope.message.contains { $0 >= 0x80 }
        if isInternational {
            guard capabilities.hasUTF8 else { return fail(.internationalAddressNotSupported) }
            command += capabilities.hasEightBit ? " SMTPUTF8 BODY=8BITMIME" : " SMTPUTF8"
        }
        state = .sender
        return send(command)
    }

    private mutating func nameRecipient(_ index: Int) -> Action {
        guard index < envelope.recipients.count else {
            guard refusals.count < envelope.recipients.count else {
                // One that may be taken later is reason enough to come again.
                let error = refusals.first { $0.error.isTemporary }?.error ?? refusals.first?.error
                return fail(error ?? .invalidMessage(.noRecipient))
            }
            state = .data
            return send("DATA")
        }
        state = .recipient(index)
        return send("RCPT TO:<\(envelope.recipients[index].mailbox)>")
    }

    private mutating func receive(_ reply: SMTPReply, about index: Int) -> Action {
        // 421: the server is closing (RFC 5321, 3.8), which is not about this recipient.
        guard reply.code != 421 else { return fail(.refused(.recipient, reply)) }
        if reply.isRefusal {
            refusals.append(.init(recipient: envelope.recipients[index], error: .refused(.recipient, reply)))
        } else if !reply.isPositive {
            return fail(.malformedReply(.recipient))
        }
        return nameRecipient(index + 1)
    }

    private mutating func fail(_ error: DeliveryError) -> Action {
        state = .finished
        return .finish(.failure(error))
    }

    private func send(_ command: String) -> Action { .send(Array(command.utf8) + [0x0D, 0x0A]) }

    /// The message with a dot before each line that begins with one, and the line of a dot that ends it (RFC 5321, 4.5.2).
    static func dotStuffed(_ message: [UInt8]) -> [UInt8] {
        let (dot, newline) = (UInt8(ascii: "."), UInt8(ascii: "\n"))
        var output: [UInt8] = []
        output.reserveCapacity(message.count + 64)
        var previous = newline
        for byte in message {
            if byte == dot, previous == newline { output.append(dot) }
            output.append(byte)
            previous = byte
        }
        if previous != newline { output += [0x0D, newline] }
        return output + [dot, 0x0D, newline]
    }
}
