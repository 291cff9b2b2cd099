// Below which epoch the tokens of a member are dead: what remains of a lock-out when the member is gone. A value; the
// shell around it is Revocations.

struct MemberEpochs: Sendable {
    private var lowest: [String: Int64] = [:]

    /// A token without a `hutong` claim is nobody's of the directory.
    func refuses(_ claims: AccessClaims) -> Bool {
        guard let hutong = claims.hutong, let lowest = lowest[claims.member] else { return false }
        return hutong.epoch ?? 0 < lowest
    }

    /// An epoch never goes back.
    mutating func raise(_ member: String, to epoch: Int64) {
        lowest[member] = max(lowest[member] ?? epoch, epoch)
    }
}

extension AccessClaims {
    /// Who this is in the directory.
    var member: String { hutong?.member ?? identity }
}
