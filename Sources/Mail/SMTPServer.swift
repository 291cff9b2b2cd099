// The mail server that messages are handed to (a submission server, RFC 6409), as the operator describes it.

import NIOSSL

public struct SMTPServer: Sendable {
    public enum Security: String, Sendable {
        /// Port 587: plain at first, encrypted before anything is said (RFC 3207). A server that does not offer it is refused.
        case startTLS
        /// Port 465: encrypted from the first byte (RFC 8314).
        case implicitTLS
        /// For a server on this machine; takes no credentials.
        case none
    }

    /// Never shown: neither by printing nor by reflection.
    public struct Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
        let user: String
        let password: String

        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }

        public var description: String { "(hidden)" }
        public var debugDescription: String { description }
        public var customMirror: Mirror { Mirror(self, children: []) }
    }

    public struct Timeouts: Sendable {
        /// Until the connection stands.
        public var connection: Duration
        /// For each answer, and for a TLS handshake.
        public var reply: Duration
        /// For the answer to a whole message, which the server may examine first.
        public var message: Duration

        /// RFC 5321, 4.5.3.2, asks a relay for minutes; here somebody waits, and what failed is tried again.
        public init(
            connection: Duration = .seconds(10), reply: Duration = .seconds(30), message: Duration = .seconds(120)
        ) {
            self.connection = connection
            self.reply = reply
            self.message = message
        }
    }

    /// What is wrong with a description, by the setting that it is about.
    public enum Problem: Error, Sendable, Equatable {
        case host, port, helloName
        /// Empty, longer than 255 bytes, or with a NUL.
        case credentials
        case credentialsWithoutTLS
        /// Not PEM, or not a certificate.
        case trustedCertificates
    }

    public let host: String
    public let port: Int
    public let security: Security
    public let timeouts: Timeouts
    let helloName: String
    let credentials: Credentials?
    let tls: NIOSSLContext?

    /// - Parameters:
    ///   - helloName: this machine's full name, which the server may look up.
    ///   - trustedCertificates: PEM, in place of the system's authorities; nil: those.
    public init(
        host: String, port: Int, security: Security, credentials: Credentials? = nil, helloName: String,
        trustedCertificates: [UInt8]? = nil, timeouts: Timeouts = Timeouts()
    ) throws(Problem) {
        guard !host.isEmpty, host.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .host }
        guard (1...65_535).contains(port) else { throw .port }
        guard MailAddress.isDomain(helloName[...]), helloName.utf8.allSatisfy({ $0 < 0x80 }) else { throw .helloName }
        if let credentials {
            for text in [credentials.user, credentials.password] {
                guard (1...MailLimits.credentialBytes).contains(text.utf8.count), !text.utf8.contains(0) else {
                    throw .credentials
                }
            }
            guard security != .none else { throw .credentialsWithoutTLS }
        }
        self.host = host
        self.port = port
        self.security = security
        self.credentials = credentials
        self.helloName = helloName
        self.timeouts = timeouts
        tls = security == .none ? nil : try Self.context(trusting: trustedCertificates)
    }

    private static func context(trusting certificates: [UInt8]?) throws(Problem) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        do {
            if let certificates {
                let roots = try NIOSSLCertificate.fromPEMBytes(certificates)
                guard !roots.isEmpty else { throw Problem.trustedCertificates }
                configuration.trustRoots = .certificates(roots)
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .trustedCertificates
        }
    }
}
