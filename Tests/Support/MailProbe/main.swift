// Sends one message to a mail server, for the tests in Tests/Mail: what to send and to whom as JSON on standard input, what
// came of it as JSON on standard output. Secrets come in the same way, so they stand in no list of processes.

import Foundation
import Mail

struct Order: Decodable {
    struct Person: Decodable {
        var mailbox: String
        var name: String?
    }
    var host: String
    var port: Int
    var security: String
    var user: String?
    var password: String?
    /// PEM.
    var trusted: String?
    var timeoutSeconds: Double?
    var from: Person
    var to: [Person]
    var subject: String
    var plainText: String
    var html: String?
    var calendar: String?
}

struct Outcome: Encodable {
    var code: String
    var isTemporary = false
    var reply: Int?
    var refused: [String] = []
}

func address(_ person: Order.Person) throws(MailMessageError) -> MailAddress {
    try MailAddress(person.mailbox, name: person.name ?? "")
}

func perform(_ order: Order) async throws -> Outcome {
    var credentials: SMTPServer.Credentials?
    if let user = order.user, let password = order.password {
        credentials = SMTPServer.Credentials(user: user, password: password)
    }
    var timeouts = SMTPServer.Timeouts()
    if let seconds = order.timeoutSeconds {
        timeouts = .init(connection: .seconds(seconds), reply: .seconds(seconds), message: .seconds(seconds))
    }
    let server = try SMTPServer(
        host: order.host, port: order.port, security: SMTPServer.Security(rawValue: order.security) ?? .none,
        credentials: credentials, helloName: "probe.example", trustedCertificates: order.trusted.map { Array($0.utf8) },
        timeouts: timeouts)
    let from = try address(order.from)
    var recipients: [MailAddress] = []
    for person in order.to { recipients.append(try address(person)) }
    let message = MailMessage(
        from: from, to: recipients, subject: order.subject, messageID: "probe-1@probe.example", date: 1_795_300_000,
        plainText: order.plainText, html: order.html,
        invitation: order.calendar.map { .init(method: .request, text: $0) })
    let receipt = try await SMTPClient.send(message, from: from, to: recipients, via: server)
    return Outcome(code: "ok", reply: receipt.reply.code, refused: receipt.refusals.map(\.recipient.mailbox))
}

let order = try JSONDecoder().decode(Order.self, from: FileHandle.standardInput.readDataToEndOfFile())
var outcome: Outcome
do {
    outcome = try await perform(order)
} catch let error as DeliveryError {
    outcome = Outcome(code: error.code, isTemporary: error.isTemporary)
    if case .refused(_, let reply) = error { outcome.reply = reply.code }
} catch let error as MailMessageError {
    outcome = Outcome(code: error.code)
} catch let problem as SMTPServer.Problem {
    outcome = Outcome(code: "server_\(problem)")
}
try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(outcome))
