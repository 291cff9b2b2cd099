// What the HTTP edge is told once, at start.

import NIOSSL

public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// Numeric address or name, without brackets.
    public var host: String
    /// 0: any free port.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A certificate chain (leaf first) and its private key, both PEM.
public struct TLSCredentials: Sendable {
    var chain: [NIOSSLCertificate]
    var key: NIOSSLPrivateKey

    public init(certificateChain: [UInt8], privateKey: [UInt8]) throws(TLSCredentialsError) {
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(certificateChain)
        } catch {
            throw .certificate
        }
        guard !chain.isEmpty else { throw .certificate }
        do {
            key = try NIOSSLPrivateKey(bytes: privateKey, format: .pem)
        } catch {
            throw .privateKey
        }
        // BoringSSL compares the two when a context is made; better now than at the first handshake.
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw .mismatch
        }
    }

    /// Seconds since 1970 at which the leaf certificate ends.
    public var expiry: Int64 { chain.first.map { Int64($0.notValidAfter) } ?? 0 }

    var configuration: TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}

public enum TLSCredentialsError: Error, Sendable, Equatable, CustomStringConvertible {
    case certificate
    case privateKey
    case mismatch

    public var description: String {
        switch self {
        case .certificate: "is no PEM certificate chain"
        case .privateKey: "is no PEM private key"
        case .mismatch: "certificate and private key do not belong together"
        }
    }
}

public struct EdgeConfiguration: Sendable {
    public var listen: ListenAddress
    /// Where /metrics is served to everyone who reaches it; nil: on `listen`, to this machine only.
    public var metricsListen: ListenAddress?
    /// Descriptors of sockets that listen already, by their ports: taken instead of binding the address with that port.
    public var inheritedSockets: [Int: CInt] = [:]
    public var credentials: TLSCredentials?
    public var limits = EdgeLimits()

    public init(listen: ListenAddress) { self.listen = listen }
}

public enum EdgeError: Error, Sendable, Equatable, CustomStringConvertible {
    case portInUse(ListenAddress)
    case permissionDenied(ListenAddress)
    case addressNotAvailable(ListenAddress)
    case listen(ListenAddress, String)

    public var description: String {
        switch self {
        case .portInUse(let address):
            "TCP port \(address.port) on \(address.host) is in use: stop the other program "
                + "(`ss -ltnp sport = :\(address.port)` names it) or choose another port"
        case .permissionDenied(let address):
            "not allowed to listen on \(address): ports below 1024 need CAP_NET_BIND_SERVICE"
        case .addressNotAvailable(let address):
            "cannot listen on \(address): this machine has no such address"
        case .listen(let address, let reason):
            "cannot listen on \(address): \(reason)"
        }
    }
}
