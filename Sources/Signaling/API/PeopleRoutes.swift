// The people of the organisation over HTTP. Here: what all these routes share, from the cookie to the answer. The routes
// stand beside it: +Sessions, +Members, +Departments, +Administration.

import Directory
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Synchronization

public struct PeopleRoutes: Sendable {
    let organisation: Organisation
    let signIn: SignIn
    let repository: any DirectoryRepository
    /// A spreadsheet takes memory and a core for a while: one at a time.
    let isReadingFile = Busy()

    /// Nil when the store has no organisation.
    public init?(store: Store, meetings: MeetingDirectory) async throws(StoreFailure) {
        let now = Int64(Date().timeIntervalSince1970)
        guard let state = try await store.organisation() else { return nil }
        try await store.forget(auditBefore: now - Limits.auditSeconds)
        let organisation = Organisation(state, repository: store) { member, epoch in
            await meetings.cutOff(member, below: epoch)
        }
        self.init(organisation, SignIn(organisation, repository: store), store)
    }

    init(_ organisation: Organisation, _ signIn: SignIn, _ repository: any DirectoryRepository) {
        self.organisation = organisation
        self.signIn = signIn
        self.repository = repository
    }

    var routes: [APIRoute] {
        sessionRoutes + memberRoutes + departmentRoutes + administrationRoutes
    }

    static var now: Int64 { Int64(Date().timeIntervalSince1970) }

    /// A route for somebody who is signed in.
    func route(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, _ summary: String, rights: String = "",
        query: [APIRoute.Field] = [], body: APIRoute.Body = .none, status: HTTPResponse.Status = .ok,
        isRepeatable: Bool = false, isConditional: Bool = false,
        _ handler: @escaping @Sendable (PeopleCall) async throws -> KeptAnswer
    ) -> APIRoute {
        APIRoute(
            method: method, path: "/api/v1/" + path, operation: operation, summary: summary, access: .session,
            rights: rights, query: query, body: body, status: status, isRepeatable: isRepeatable,
            isConditional: isConditional
        ) { request, context in
            await sealed {
                PeopleAnswer.make(try await handler(try await call(request, context)))
            }
        }
    }

    private func call(_ request: Request, _ context: EdgeContext) async throws -> PeopleCall {
        let now = Self.now
        guard SessionCookie.isOwnSite(request) else { throw Problem.otherSite }
        guard let token = SessionCookie.token(in: request), let person = try await signIn.signedIn(token, at: now)
        else { throw Problem.notSignedIn }
        return PeopleCall(
            person: person, state: await organisation.state, origin: SessionCookie.origin(request, context), now: now,
            request: request, context: context)
    }

    /// Errors become problems, and no answer is another site's to read.
    func sealed(_ answer: () async throws -> Response) async -> Response {
        let response: Response
        do {
            response = try await answer()
        } catch let refusal as OrganisationRefusal {
            response = Problem(refusal).response
        } catch let refusal as SignInRefusal {
            response = Problem(refusal).response
        } catch let problem as Problem {
            response = problem.response
        } catch {
            // The store failed, and said so in the log.
            response = Problem.unavailable.response
        }
        return PeopleAnswer.sealed(response)
    }

    /// Carries out a change and answers it.
    func change(
        _ call: PeopleCall, key: IdempotencyKey? = nil, _ audit: AuditEntry, _ step: @escaping Organisation.Step
    ) async throws -> KeptAnswer {
        switch try await organisation.change(key: key, audit: audit, step) {
        case .done(let answer), .repeated(let answer): return answer
        case .keyReused:
            throw Problem(
                .unprocessableContent, code: "idempotency_key_reused", zh: "此 Idempotency-Key 已用于另一个请求",
                en: "This Idempotency-Key was used for another request.")
        }
    }
}

/// Let one in, and tell the others to come again.
final class Busy: Sendable {
    private let isTaken = Mutex(false)

    func enter() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    func leave() { isTaken.withLock { $0 = false } }
}

extension Problem {
    static var notSignedIn: Problem {
        Problem(.unauthorized, code: "not_signed_in", zh: "请先登录", en: "Sign in first.")
    }

    static var otherSite: Problem {
        Problem(
            .forbidden, code: "other_site", zh: "请求来自其他网站", en: "The request comes from another site's page.")
    }

    static var unavailable: Problem {
        Problem(
            .serviceUnavailable, code: "unavailable", zh: "暂时无法处理，请稍后再试",
            en: "This cannot be done at the moment; try again later.")
    }
}
