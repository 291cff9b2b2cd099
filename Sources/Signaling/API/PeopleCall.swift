// One request of somebody who is signed in: who, from where, with which rights; and answers to it.

import Crypto
import Directory
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

struct PeopleCall: Sendable {
    let person: SignedIn
    /// As it was when the request came.
    let state: OrganisationState
    let origin: Origin
    /// Seconds since 1970.
    let now: Int64
    let request: Request
    let context: EdgeContext

    var account: AccountID { person.member.account }

    func check(_ action: AdminAction, on target: AdminTarget) throws(OrganisationRefusal) {
        try state.check(account, action, on: target, at: now)
    }

    func may(_ action: AdminAction, on target: AdminTarget) -> Bool {
        state.administration.may(.member(account), action, on: target, in: state.directory, at: now)
    }

    func audit(_ action: String, _ target: String = "", detail: String = "") -> AuditEntry {
        AuditEntry(
            at: now, actor: account.text, action: action, target: target, source: origin.source, detail: detail)
    }

    // MARK: What is asked

    /// What stands in the path for a name in braces.
    func parameter(_ name: String) -> String? { context.parameters.get(name) }

    /// A path's account. Nobody at all is answered like somebody who may not be seen.
    func member() throws(OrganisationRefusal) -> AccountID {
        guard let account = AccountID(parameter("account")?.removingPercentEncoding ?? "") else {
            throw .noSuchMember
        }
        return account
    }

    func department() throws(OrganisationRefusal) -> DepartmentID {
        guard let number = Int64(parameter("id") ?? "") else { throw .noSuchDepartment }
        return DepartmentID(number)
    }

    func query(_ name: String) -> String? {
        RequestTarget(request.head.path ?? "").queryItems.first { $0.name == name }?.value
    }

    /// A whole number of the query within `range`; the nearest when it is outside, `standard` when it is none.
    func number(_ name: String, _ range: ClosedRange<Int64>, _ standard: Int64) -> Int64 {
        guard let value = query(name).flatMap({ Int64($0) }) else { return standard }
        return min(max(value, range.lowerBound), range.upperBound)
    }

    func body(atMost bytes: Int = Limits.peopleBodyBytes) async throws(Problem) -> [UInt8] {
        try await Self.body(of: request, atMost: bytes)
    }

    static func body(of request: Request, atMost bytes: Int) async throws(Problem) -> [UInt8] {
        do {
            return [UInt8](buffer: try await request.body.collect(upTo: bytes))
        } catch {
            throw Problem(
                .contentTooLarge, code: "too_large", zh: "内容超过 \(bytes) 字节", en: "This is larger than \(bytes) bytes.")
        }
    }

    /// The fields of the body; `read` takes them, all that is wrong is said at once.
    static func fields<Value>(
        _ body: [UInt8], _ read: (inout RequestFields) -> Value
    ) throws(Problem) -> Value {
        guard var fields = RequestFields(body) else { throw Problem(ControlRequestError.notAnObject) }
        let value = read(&fields)
        fields.rejectUnread()
        guard fields.errors.isEmpty else { throw Problem(ControlRequestError.fields(fields.errors)) }
        return value
    }

    /// The request's idempotency key, when it has one.
    func idempotencyKey(_ body: [UInt8]) throws(Problem) -> IdempotencyKey? {
        guard let key = request.headers.first(where: { $0.name.canonicalName == "idempotency-key" })?.value else {
            return nil
        }
        guard (1...Limits.idempotencyKeyBytes).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Problem(
                .badRequest, code: "bad_idempotency_key",
                zh: "Idempotency-Key 须为 1 至 \(Limits.idempotencyKeyBytes) 个可见字符",
                en: "Idempotency-Key must be 1 to \(Limits.idempotencyKeyBytes) visible characters.")
        }
        var hash = SHA256()
        hash.update(data: Data("\(request.method.rawValue) \(request.head.path ?? "")\n".utf8))
        hash.update(data: body)
        return IdempotencyKey(actor: account, key: key, request: Array(hash.finalize()))
    }

    // MARK: Answers

    func kept(_ value: some Encodable, status: Int = 200, entityTag: String = "") throws -> KeptAnswer {
        KeptAnswer(request: [], status: status, entityTag: entityTag, body: try PeopleAnswer.bytes(value), at: now)
    }

    var nothing: KeptAnswer { KeptAnswer(request: [], status: 204, entityTag: "", body: [], at: now) }
}

/// Answers about people: theirs alone, so no other site's page may read them and no cache keeps them.
enum PeopleAnswer {
    static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    static func make(_ kept: KeptAnswer) -> Response {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if !kept.entityTag.isEmpty { headers[.eTag] = kept.entityTag }
        if !kept.body.isEmpty { headers[.contentType] = "application/json" }
        return sealed(
            Response(
                status: .init(code: kept.status), headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: kept.body))))
    }

    static func sealed(_ response: Response) -> Response {
        var response = response
        response.headers.set(CrossOrigin.ownSiteOnly.name, CrossOrigin.ownSiteOnly.value)
        return response
    }
}

extension OrganisationState {
    /// The one question that every administrative call asks.
    func check(
        _ account: AccountID, _ action: AdminAction, on target: AdminTarget, at now: Int64
    ) throws(OrganisationRefusal) {
        let refusal = administration.refusal(
            of: action, by: .member(account), on: target, in: directory, at: now)
        if let refusal { throw .rights(refusal) }
    }
}

extension Problem {
    init(_ status: HTTPResponse.Status, code: String, zh: String, en: String) {
        self.init(status, detail: en)
        self.code = code
        texts = ["zh-CN": zh, "en": en]
    }

    init(_ refusal: OrganisationRefusal) {
        let texts = refusal.texts
        self.init(.init(code: refusal.status), code: refusal.code, zh: texts.zh, en: texts.en)
        switch refusal {
        case .fields(let fields):
            errors = fields.map { error in
                FieldError(
                    field: error.field.jsonName, code: error.code.rawValue,
                    texts: ["zh-CN": error.zh, "en": error.en])
            }
        case .importing(let rejection):
            errors = rejection.errors.map { error in
                FieldError(
                    field: error.column, code: error.code, texts: ["zh-CN": error.zh, "en": error.en], row: error.row)
            }
        default: break
        }
    }

    init(_ refusal: SignInRefusal) {
        let texts = refusal.texts
        self.init(.init(code: refusal.status), code: refusal.code, zh: texts.zh, en: texts.en)
        switch refusal {
        case .tooManyAttempts(let seconds): retryAfter = seconds
        case .busy: retryAfter = 2
        case .wrongCredentials, .badInvite, .weakPassword: break
        }
    }
}

extension MemberField {
    /// As members are written in JSON: `english_name` is `englishName`.
    var jsonName: String {
        let words = rawValue.split(separator: "_")
        return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}
