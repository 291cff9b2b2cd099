// The first start of an organisation (product.md, B35): it, its root department, one super admin, and the link by which he
// comes in. Once.

import Directory
import Foundation

public enum FirstStart {
    public enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case badAccount
        case badName
        case exists
        case store

        public var description: String {
            switch self {
            case .badAccount:
                "--admin: an account has 1 to 32 letters, digits or . - _ and begins with a letter or digit"
            case .badName:
                "--name and --organisation: give a name of at most \(DirectoryLimits.nameCharacters) characters"
            case .exists: "there is an organisation already; its administrators make new links in the directory"
            case .store: "the store cannot be read or written; the log says why"
            }
        }
    }

    /// - Parameters:
    ///   - account: of the super admin.
    ///   - name: his; empty for the account.
    ///   - now: seconds since 1970.
    /// - Returns: the token of a link that lets him in once and has him set a password.
    public static func found(
        organisation: String, admin account: String, name: String, in store: Store, at now: Int64
    ) async throws(Refusal) -> String {
        guard let account = AccountID(account) else { throw .badAccount }
        let names: (organisation: BilingualName, admin: BilingualName)
        do throws(InvalidFields) {
            names = (
                try BilingualName(name: organisation, englishName: ""),
                try BilingualName(name: name.isEmpty ? account.text : name, englishName: "")
            )
        } catch {
            throw .badName
        }
        let member = Member(account: account, names: names.admin, mainDepartment: DepartmentID(1))
        guard let state = try? OrganisationState(named: names.organisation, superAdmin: member) else {
            throw .badName
        }
        let (token, invite) = SignIn.invite(for: member, at: now)
        let audit = AuditEntry(
            at: now, actor: "setup", action: "organisation.create", target: account.text, source: .local)
        let isNew: Bool
        do {
            isNew = try await store.found(state, invite: invite, audit: audit)
        } catch {
            throw .store
        }
        guard isNew else { throw .exists }
        return token.text
    }
}
