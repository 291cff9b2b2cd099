// Somebody in a meeting or a group: a colleague by his account, or a guest by a name of our making.

public enum PersonID: Sendable, Hashable {
    case member(AccountID)
    case guest(String)

    public var account: AccountID? {
        if case .member(let account) = self { account } else { nil }
    }

    public var isGuest: Bool { account == nil }
}
