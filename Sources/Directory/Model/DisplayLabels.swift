// What stands on a tile and in a roster (B2): names in the reader's order, and enough more that two people of one name
// can be told apart.

/// How an organisation shows its people's names.
public enum NamePolicy: Sendable, Equatable {
    /// `张三 (Zhang San)`, `Zhang San 张三`.
    case names
    /// The alias of those who have one.
    case alias
}

extension Member {
    /// His name for a reader in `language`, without regard to others of the same name.
    public func label(in language: Language, policy: NamePolicy = .names) -> String {
        switch policy {
        case .alias where !alias.isEmpty: alias
        case .alias, .names: names.label(in: language)
        }
    }
}

extension DirectorySnapshot {
    /// The labels of people who are together in a meeting or a group, for colleagues. Who shares his label with somebody
    /// gets his main department appended, and who shares even that his account: `李伟 · Y精品店`. Unknown accounts are
    /// left out.
    public func labels(
        of accounts: some Sequence<AccountID>, in language: Language, policy: NamePolicy = .names
    ) -> [AccountID: String] {
        var labels: [AccountID: String] = [:]
        for account in accounts { labels[account] = self[account]?.label(in: language, policy: policy) }
        for (account, label) in Self.shared(labels) {
            guard let main = self[account]?.mainDepartment, let department = tree[main] else { continue }
            labels[account] = "\(label) · \(department.names.text(in: language))"
        }
        for (account, label) in Self.shared(labels) { labels[account] = "\(label) · \(account.text)" }
        return labels
    }

    private static func shared(_ labels: [AccountID: String]) -> [AccountID: String] {
        let counts = labels.values.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        return labels.filter { counts[$0.value, default: 0] > 1 }
    }
}
