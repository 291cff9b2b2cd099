// A password as it is stored: scrypt (RFC 7914) of it with a salt of its own. Which passwords are good enough, how often
// somebody may try, and on which thread the work is done (a hash takes a third of a second and 32 MiB) is decided where
// people sign in.

import Crypto
import CryptoExtras
import Foundation

public struct PasswordHash: Sendable, Equatable {
    /// What one guess costs: `2^logRounds` KiB of memory, walked through `parallelism` times.
    public struct Cost: Sendable, Equatable {
        public let logRounds: Int
        public let parallelism: Int

        /// 32 MiB, three times. Less is cheaper for a thief too; more would let a few people who sign in at once fill a
        /// small server's memory.
        public static let standard = Cost(unchecked: 15, 3)

        /// Nil for what this server does not compute: a stored text may be damaged, and must not cost a gigabyte.
        public init?(logRounds: Int, parallelism: Int) {
            guard (4...18).contains(logRounds), (1...8).contains(parallelism) else { return nil }
            self.init(unchecked: logRounds, parallelism)
        }

        private init(unchecked logRounds: Int, _ parallelism: Int) {
            self.logRounds = logRounds
            self.parallelism = parallelism
        }
    }

    /// Bytes of a password that are taken; more would only be work for the server.
    public static let longestPassword = 1024
    public static let saltBytes = 16
    private static let hashBytes = 32
    /// Of the text form, which has about 90.
    private static let longestText = 256
    private static let blockSize = 8

    public let cost: Cost
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// Of a new password, with `saltBytes` fresh random bytes. Nil when the password is empty or too long, or
    /// there is no memory.
    public init?(of password: String, salt: [UInt8], cost: Cost = .standard) {
        guard let key = Self.key(of: password, salt: salt, cost: cost) else { return nil }
        self.cost = cost
        self.salt = salt
        self.hash = key.withUnsafeBytes { Array($0) }
    }

    /// From the form in which `text` gives it. Nil for anything else.
    public init?(text: String) {
        guard text.utf8.count <= Self.longestText else { return nil }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
        let settings = parts[2].split(separator: ",", omittingEmptySubsequences: false)
        guard settings.count == 3, settings[0].hasPrefix("ln="), settings[1] == "r=\(Self.blockSize)",
            settings[2].hasPrefix("p="), let logRounds = Int(settings[0].dropFirst(3)),
            let parallelism = Int(settings[2].dropFirst(2)),
            let cost = Cost(logRounds: logRounds, parallelism: parallelism),
            let salt = Base64URL.decode(parts[3]), !salt.isEmpty,
            let hash = Base64URL.decode(parts[4]), hash.count == Self.hashBytes
        else { return nil }
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// `$scrypt$ln=15,r=8,p=3$salt$hash`, both in base64 of the URL alphabet.
    public var text: String {
        let settings = "ln=\(cost.logRounds),r=\(Self.blockSize),p=\(cost.parallelism)"
        return "$scrypt$\(settings)$\(Base64URL.encode(salt))$\(Base64URL.encode(hash))"
    }

    /// Whether this is the password. The comparison takes the same time wherever they differ.
    public func matches(_ password: String) -> Bool {
        guard let key = Self.key(of: password, salt: salt, cost: cost) else { return false }
        return key == SymmetricKey(data: hash)
    }

    /// Whether it should be made anew when its owner signs in next, since the cost has changed.
    public func isOutdated(for current: Cost = .standard) -> Bool { cost != current }

    private static func key(of password: String, salt: [UInt8], cost: Cost) -> SymmetricKey? {
        // One password typed on two keyboards may come in two forms of Unicode.
        guard (1...longestPassword).contains(password.utf8.count), !salt.isEmpty else { return nil }
        let normal = Array(password.precomposedStringWithCompatibilityMapping.utf8)
        return try? KDF.Scrypt.deriveKey(
            from: normal, salt: salt, outputByteCount: hashBytes, rounds: 1 << cost.logRounds, blockSize: blockSize,
            parallelism: cost.parallelism)
    }
}
