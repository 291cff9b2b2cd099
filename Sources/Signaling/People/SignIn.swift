// Coming in: by password or by a link that works once. Whether an account exists, is disabled or has no password can be
// told neither by the answer nor by the work; sessions end with the member's epoch. Cookies are the routes' business.

import Directory
import Foundation
import NIOCore
import Synchronization

/// Why somebody is not let in.
enum SignInRefusal: Error, Equatable {
    case wrongCredentials
    case tooManyAttempts(seconds: Int64)
    /// Too many sign in at this moment.
    case busy
    /// Used, replaced, over or never made.
    case badInvite
    case weakPassword

    var code: String {
        switch self {
        case .wrongCredentials: "wrong_credentials"
        case .tooManyAttempts: "too_many_attempts"
        case .busy: "busy"
        case .badInvite: "bad_invite"
        case .weakPassword: "weak_password"
        }
    }

    var status: Int {
        switch self {
        case .wrongCredentials, .badInvite: 401
        case .tooManyAttempts: 429
        case .busy: 503
        case .weakPassword: 422
        }
    }

    var texts: (zh: String, en: String) {
        switch self {
        case .wrongCredentials: ("帐号或密码不正确", "Account or password is wrong.")
        case .tooManyAttempts: ("尝试次数过多，请稍后再试", "Too many attempts; try again later.")
        case .busy: ("服务器繁忙，请稍后再试", "The server is busy; try again in a moment.")
        case .badInvite: ("链接已失效，请向管理员索取新的链接", "This link is over; ask an administrator for a new one.")
        case .weakPassword:
            (
                "密码至少 \(Limits.passwordCharacters) 个字符，且不能与帐号相同",
                "A password has at least \(Limits.passwordCharacters) characters and is not the account."
            )
        }
    }
}

/// Somebody who is in.
struct SignedIn: Sendable {
    var member: Member
    var session: KeptSession
}

/// Where a request comes from.
struct Origin: Sendable, Equatable {
    /// Whom tries are counted for; nil: a proxy on this machine that does not say for whom it asks.
    var network: [UInt8]?
    var source: AddressClass
}

final class SignIn: Sendable {
    private let organisation: Organisation
    private let repository: any SignInRepository
    private let work: PasswordWork
    private struct Limiters {
        var accounts = AttemptLimiter(Limits.triesPerAccount, places: Limits.attemptPlaces)
        var networks = AttemptLimiter(Limits.triesPerNetwork, places: Limits.attemptPlaces)
    }
    private let limiters = Mutex(Limiters())

    init(_ organisation: Organisation, repository: any SignInRepository, work: PasswordWork = PasswordWork()) {
        self.organisation = organisation
        self.repository = repository
        self.work = work
    }

    // MARK: In

    /// - Throws: `SignInRefusal`, `StoreFailure`.
    func signIn(
        account: String, password: String, from origin: Origin, at now: Int64
    ) async throws -> (token: SecretToken, SignedIn) {
        try take(account: account, origin, now)
        let claimed = AccountID(account)
        var stored: String?
        if let claimed { stored = try await repository.password(of: claimed) }
        guard let matches = await work.matches(password, stored) else {
            giveBack(account: account, origin)
            throw SignInRefusal.busy
        }
        guard matches, let claimed, let member = await organisation.state.directory[claimed], member.enabled else {
            throw SignInRefusal.wrongCredentials
        }
        giveBack(account: account, origin)
        let (token, session) = Self.session(of: member, at: now)
        try await repository.open(
            session, most: Limits.sessionsPerMember,
            audit: AuditEntry(
                at: now, actor: member.account.text, action: "session.open", target: member.account.text,
                source: origin.source))
        return (token, SignedIn(member: member, session: session))
    }

    /// Takes a link and the password that its owner will have from now on.
    /// - Throws: `SignInRefusal`, `StoreFailure`.
    func redeem(
        _ text: String, password: String, from origin: Origin, at now: Int64
    ) async throws -> (token: SecretToken, SignedIn) {
        try take(account: nil, origin, now)
        guard let invite = SecretToken(text: text), let kept = try await repository.invite(invite.digest),
            kept.expiresAt > now, let member = await organisation.state.directory[kept.member], member.enabled,
            member.epoch == kept.epoch
        else { throw SignInRefusal.badInvite }
        giveBack(account: nil, origin)
        let hash = try await hashed(password, of: member)
        let (token, session) = Self.session(of: member, at: now)
        let audit = AuditEntry(
            at: now, actor: member.account.text, action: "invite.redeem", target: member.account.text,
            source: origin.source)
        guard try await repository.redeem(invite.digest, password: hash, session: session, audit: audit) else {
            throw SignInRefusal.badInvite
        }
        return (token, SignedIn(member: member, session: session))
    }

    /// Whose session this is, as long as it lasts.
    /// - Throws: `StoreFailure`.
    func signedIn(_ token: String, at now: Int64) async throws -> SignedIn? {
        guard let token = SecretToken(text: token), let session = try await repository.session(token.digest),
            session.expiresAt > now, let member = await organisation.state.directory[session.member], member.enabled,
            member.epoch == session.epoch
        else { return nil }
        return SignedIn(member: member, session: session)
    }

    /// - Throws: `SignInRefusal`, `StoreFailure`.
    func changePassword(
        of person: SignedIn, from current: String, to new: String, from origin: Origin, at now: Int64
    ) async throws {
        let account = person.member.account
        try take(account: account.text, origin, now)
        let stored = try await repository.password(of: account)
        guard let matches = await work.matches(current, stored) else {
            giveBack(account: account.text, origin)
            throw SignInRefusal.busy
        }
        guard matches else { throw SignInRefusal.wrongCredentials }
        giveBack(account: account.text, origin)
        try await repository.setPassword(
            try await hashed(new, of: person.member), of: account, keeping: person.session.token,
            audit: AuditEntry(
                at: now, actor: account.text, action: "password.change", target: account.text,
                source: origin.source))
    }

    // MARK: Out

    func signOut(_ person: SignedIn, everywhere: Bool, from origin: Origin, at now: Int64) async throws(StoreFailure) {
        let account = person.member.account
        let audit = AuditEntry(
            at: now, actor: account.text, action: everywhere ? "session.close_all" : "session.close",
            target: account.text, source: origin.source)
        if everywhere {
            try await repository.closeAll(of: account, audit: audit)
        } else {
            try await repository.close(person.session.token, audit: audit)
        }
    }

    // MARK: Links

    /// A new link for an enabled member; earlier ones are void.
    static func invite(
        for member: Member, at now: Int64, seconds: Int64 = Limits.inviteSeconds
    ) -> (token: SecretToken, KeptInvite) {
        let token = SecretToken.random()
        let kept = KeptInvite(
            token: token.digest, member: member.account, epoch: member.epoch, expiresAt: now + seconds)
        return (token, kept)
    }

    func keep(_ invite: KeptInvite, _ audit: AuditEntry) async throws(StoreFailure) {
        try await repository.keep(invite, audit: audit)
    }

    // MARK: Parts

    private static func session(of member: Member, at now: Int64) -> (SecretToken, KeptSession) {
        let token = SecretToken.random()
        return (
            token,
            KeptSession(
                token: token.digest, member: member.account, epoch: member.epoch, createdAt: now,
                expiresAt: now + Limits.sessionSeconds)
        )
    }

    private func hashed(_ password: String, of member: Member) async throws(SignInRefusal) -> String {
        guard password.count >= Limits.passwordCharacters, password.utf8.count <= PasswordHash.longestPassword,
            password.lowercased() != member.account.key
        else { throw .weakPassword }
        guard let hash = await work.hash(password) else { throw .busy }
        return hash
    }

    /// Seeded for each process, as Swift's hashing is.
    private static func places(_ account: String?, _ network: [UInt8]?) -> (account: Int?, network: Int?) {
        (account.map { "account \($0.lowercased())".hashValue }, network?.hashValue)
    }

    private func take(account: String?, _ origin: Origin, _ now: Int64) throws(SignInRefusal) {
        let places = Self.places(account, origin.network)
        let wait = limiters.withLock { limiters -> Int64? in
            if let network = places.network, let wait = limiters.networks.take(network, at: now) { return wait }
            if let account = places.account, let wait = limiters.accounts.take(account, at: now) { return wait }
            return nil
        }
        if let wait { throw .tooManyAttempts(seconds: wait) }
    }

    private func giveBack(account: String?, _ origin: Origin) {
        let places = Self.places(account, origin.network)
        limiters.withLock { limiters in
            if let network = places.network { limiters.networks.giveBack(network) }
            if let account = places.account { limiters.accounts.giveBack(account) }
        }
    }
}
