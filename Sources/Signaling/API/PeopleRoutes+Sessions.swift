// Signing in and out, and who one is.

import Directory
import HTTPTypes
import Hummingbird
import HummingbirdCore

extension PeopleRoutes {
    var sessionRoutes: [APIRoute] {
        [
            entrance(
                "sessions", "signIn", "Signs in with a password.",
                [.init("account", required: true), .init("password", required: true)]
            ) { fields, origin, now in
                let account = fields.text("account", Limits.nameBytes)
                let password = fields.text("password", PasswordHash.longestPassword)
                return { try await signIn.signIn(account: account, password: password, from: origin, at: now) }
            },
            entrance(
                "invites/redeem", "redeemInvite", "Signs in with a link that works once, and sets the password.",
                [.init("token", required: true), .init("password", required: true)]
            ) { fields, origin, now in
                let token = fields.text("token", Limits.nameBytes)
                let password = fields.text("password", PasswordHash.longestPassword)
                return { try await signIn.redeem(token, password: password, from: origin, at: now) }
            },
            route(.get, "me", "getMe", "Who is signed in, and what he may administer.") { call in
                try call.kept(MeForm(call.person.member, call.state))
            },
            route(
                .put, "me/password", "changePassword", "Changes one's own password; all other sessions end.",
                body: .json([.init("current", required: true), .init("new", required: true)]), status: .noContent
            ) { call in
                let (current, new) = try PeopleCall.fields(try await call.body()) { fields in
                    (
                        fields.text("current", PasswordHash.longestPassword),
                        fields.text("new", PasswordHash.longestPassword)
                    )
                }
                try await signIn.changePassword(
                    of: call.person, from: current, to: new, from: call.origin, at: call.now)
                return call.nothing
            },
            exit("sessions/current", "signOut", "Signs out.", everywhere: false),
            exit("sessions", "signOutEverywhere", "Ends all sessions of the member.", everywhere: true),
        ]
    }

    private typealias Entering = @Sendable () async throws -> (token: SecretToken, SignedIn)

    /// - Parameter read: takes the fields and says how to come in.
    private func entrance(
        _ path: String, _ operation: String, _ summary: String, _ fields: [APIRoute.Field],
        _ read: @escaping @Sendable (inout RequestFields, Origin, Int64) -> Entering
    ) -> APIRoute {
        APIRoute(
            method: .post, path: "/api/v1/" + path, operation: operation, summary: summary, access: .open,
            body: .json(fields), status: .created
        ) { request, context in
            await sealed {
                // Otherwise another site could sign somebody in as somebody else.
                guard SessionCookie.isOwnSite(request) else { throw Problem.otherSite }
                let origin = SessionCookie.origin(request, context)
                let body = try await PeopleCall.body(of: request, atMost: Limits.peopleBodyBytes)
                let enter = try PeopleCall.fields(body) { read(&$0, origin, Self.now) }
                let (token, person) = try await enter()
                let me = MeForm(person.member, await organisation.state)
                var response = PeopleAnswer.make(
                    KeptAnswer(
                        request: [], status: 201, entityTag: "", body: try PeopleAnswer.bytes(me), at: Self.now))
                response.headers[.setCookie] = SessionCookie.field(
                    token.text, isSecure: SessionCookie.isSecure(request, context))
                return response
            }
        }
    }

    private func exit(_ path: String, _ operation: String, _ summary: String, everywhere: Bool) -> APIRoute {
        let leave = route(.delete, path, operation, summary, status: .noContent) { call in
            try await signIn.signOut(call.person, everywhere: everywhere, from: call.origin, at: call.now)
            return call.nothing
        }
        var withCookie = leave
        withCookie.handler = { request, context in
            var response = try await leave.handler(request, context)
            if response.status == .noContent {
                response.headers[.setCookie] = SessionCookie.field(
                    nil, isSecure: SessionCookie.isSecure(request, context))
            }
            return response
        }
        return withCookie
    }
}

/// Who is signed in.
private struct MeForm: Encodable {
    struct Administration: Encodable {
        var superAdmin: Bool
        var grants: [GrantForm]
    }
    var member: MemberForm
    var administration: Administration

    init(_ member: Member, _ state: OrganisationState) {
        self.member = MemberForm(member)
        administration = Administration(
            superAdmin: state.administration.superAdmins.contains(member.account),
            grants: state.grants.filter { $0.grant.member == member.account }.map(GrantForm.init))
    }
}
