// Makes the calls of the WeChat module against the stand-in (Tests/EndToEnd/wechat_stub.py): an order as a line of JSON on
// standard input, what came of it as a line of JSON on standard output. Tokens are kept from order to order, as in a server.

import AsyncHTTPClient
import Foundation
import NIOCore
import Synchronization
import WeChat

struct Order: Decodable {
    var order: String
    /// Unix seconds.
    var now: Int64
    var text: String?
    var state: String?
    var redirect: String?
    var signature: String?
    var timestamp: String?
    var nonce: String?
    var body: String?
}

let arguments = CommandLine.arguments
guard arguments.count == 3, let base = WeChatBase(arguments[1]), let domain = AuthorisedDomain(arguments[2]) else {
    fatalError("wechat-probe BASE DOMAIN")
}
let clock = Mutex<Int64>(0)
let http = HTTPClient(
    eventLoopGroupProvider: .singleton, configuration: .init(redirectConfiguration: .disallow))
let client = WeChatClient(
    transport: ProbeTransport(client: http, timeout: .seconds(2)), clock: { clock.withLock { $0 } },
    pause: { _ in })
let service = WeChatAccount(appID: "wxservice", secret: Secret("service-secret"), base: base)
let mini = WeChatAccount(appID: "wxmini", secret: Secret("mini-secret"), base: base)
let app = WeComApp(corporationID: "wwcorp", secret: Secret("corp-secret"), base: base)
let serviceTokens = TokenKeeper(service.token, client: client)
let tickets = TokenKeeper(with: serviceTokens, client: client) { service.ticket(token: $0) }
let appTokens = TokenKeeper(app.token, client: client)

func code(_ order: Order) throws(WeChatError) -> SignInCode {
    guard let code = SignInCode(order.text ?? "") else { throw .codeInvalid }
    return code
}

func query(_ order: Order) -> CallbackQuery {
    CallbackQuery(signature: order.signature ?? "", timestamp: order.timestamp ?? "", nonce: order.nonce ?? "")
}

func perform(_ order: Order) async throws -> [String: String] {
    switch order.order {
    case "authorize":
        let pages: [String: SignInPage] = [
            "silent": .weChatSilent(appID: "wxservice"), "consent": .weChatConsent(appID: "wxservice"),
            "qr": .weChatQR(appID: "wxwebsite"),
            "wecom": .weCom(corporationID: "wwcorp", agentID: "1000002", hasDetails: true),
        ]
        guard let page = pages[order.text ?? ""], let redirect = WebAddress(order.redirect ?? ""),
            let state = SignInState(text: order.state ?? "")
        else { return ["error": "order"] }
        return ["address": try page.address(redirect: redirect, domain: domain, state: state, base: base)]
    case "profile":
        let identity = try await client.perform(service.identity(code: code(order)))
        let profile = try await client.perform(service.profile(of: identity))
        return [
            "openid": profile.openID, "nickname": profile.nickname ?? "", "avatar": profile.avatar?.text ?? "",
            "unionid": profile.unionID ?? "",
        ]
    case "session": return ["openid": try await client.perform(mini.session(code: code(order))).openID]
    case "sign":
        let signature = try PageSignature(
            page: order.text ?? "", ownDomain: domain, ticket: try await tickets.token(),
            random: Array(repeating: 0xAB, count: PageSignature.nonceBytes), now: order.now)
        return ["nonce": signature.nonce, "signature": signature.text]
    case "ticket":
        return [
            "ticket": "\(try await client.perform(with: serviceTokens) { service.ticket(token: $0) }.lifetime)"
        ]
    case "member":
        let code = try code(order)
        switch try await client.perform(with: appTokens, { app.identity(code: code, token: $0) }) {
        case .outsider(let openID, let external):
            guard let external else { return ["openid": openID] }
            let contact = try await client.perform(with: appTokens) { app.externalContact(external, token: $0) }
            return ["openid": openID, "name": contact.name ?? "", "follower": contact.followers.first?.userID ?? ""]
        case .member(let userID, let ticket):
            guard let ticket else { return ["userid": userID] }
            let details = try await client.perform(with: appTokens) { app.details(ticket: ticket, token: $0) }
            return ["userid": userID, "mobile": details.mobile ?? ""]
        }
    case "directory":
        let departments = try await client.perform(with: appTokens) { app.departments(under: nil, token: $0) }
        let members = try await client.perform(with: appTokens) { app.members(ofDepartment: 2, token: $0) }
        return [
            "departments": departments.compactMap(\.name).joined(separator: ","),
            "members": members.map { "\($0.userID)=\($0.isEnabled)" }.joined(separator: ","),
        ]
    case "robot":
        // The key, and the message as a program would send it to us.
        guard let robot = Robot(key: order.text ?? "", base: base) else { return ["error": "order"] }
        try await client.perform(robot.send(RobotMessage(body: Array((order.body ?? "").utf8))))
        return [:]
    case "echo", "callback":
        guard
            let key = CallbackKey(
                token: Secret("QDG6eK"), encodingAESKey: Secret("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"),
                receiverID: "wwcorp")
        else { return ["error": "order"] }
        if order.order == "echo" {
            let plain = try key.echo(query(order), echo: order.text ?? "", now: order.now)
            return ["echo": String(decoding: plain, as: UTF8.self)]
        }
        let message = try key.message(query(order), body: Array((order.body ?? "").utf8), now: order.now)
        return ["event": "\(message.event)"]
    default: return ["error": "order"]
    }
}

while let line = readLine() {
    var answer: [String: String]
    do {
        let order = try JSONDecoder().decode(Order.self, from: Data(line.utf8))
        clock.withLock { $0 = order.now }
        answer = try await perform(order)
    } catch let error as WeChatError {
        answer = ["error": error.code]
    } catch let error as CallbackError {
        answer = ["error": error.code]
    } catch let error as RobotMessageError {
        answer = ["error": "\(error.errcode)"]
    }
    try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(answer) + Data("\n".utf8))
}
try await http.shutdown().get()
