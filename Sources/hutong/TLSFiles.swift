// The certificate HTTPS is served with: the operator's files, or one made here for a trial and kept in the data
// directory, so that a browser's exception survives a restart.

import CCrypto
import Foundation
import Signaling

enum TLSFiles {
    private static let selfSignedName = "tls-self-signed.pem"
    /// Some browsers refuse certificates that live longer than 398 days.
    private static let validSeconds = 365 * 86_400
    /// Made anew in time for a trial that lasts.
    private static let renewalSeconds: Int64 = 30 * 86_400

    /// Nil when the configuration asks for no TLS.
    /// - Parameter makeSelfSigned: false looks at the operator's files only and writes nothing.
    static func load(
        _ configuration: Configuration, makeSelfSigned: Bool = true
    ) throws(ConfigurationProblem) -> TLSCredentials? {
        if configuration.isSelfSigned { return makeSelfSigned ? try selfSigned(configuration) : nil }
        guard let certificatePath = configuration.certificatePath, let keyPath = configuration.privateKeyPath else {
            return nil
        }
        let chain = try contents("tls.certificate", certificatePath)
        let key = try contents("tls.key", keyPath)
        do {
            return try TLSCredentials(certificateChain: chain, privateKey: key)
        } catch {
            switch error {
            case .certificate: throw .init("tls.certificate", "\(certificatePath) \(error)")
            case .privateKey: throw .init("tls.key", "\(keyPath) \(error)")
            case .mismatch: throw .init("tls.key", "\(error)")
            }
        }
    }

    private static func contents(_ setting: String, _ path: String) throws(ConfigurationProblem) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .init(
                setting,
                FileManager.default.fileExists(atPath: path) ? "\(path) cannot be read" : "\(path) does not exist")
        }
        return [UInt8](data)
    }

    // MARK: Self-signed

    private static func selfSigned(_ configuration: Configuration) throws(ConfigurationProblem) -> TLSCredentials {
        let names = names(for: configuration)
        let folder = URL(fileURLWithPath: configuration.dataDirectory)
        let file = folder.appendingPathComponent(selfSignedName)
        // The names are on the first line, so that another address gets another certificate.
        let heading = "# \(names)\n"
        if let kept = FileManager.default.contents(atPath: file.path), kept.starts(with: Data(heading.utf8)),
            let credentials = try? TLSCredentials(certificateChain: [UInt8](kept), privateKey: [UInt8](kept)),
            credentials.expiry > Int64(Date().timeIntervalSince1970) + renewalSeconds
        {
            return credentials
        }
        var text = [CChar](repeating: 0, count: Int(CC_CERTIFICATE_PEM_BYTES))
        guard cc_certificate_pem_create(names, validSeconds, &text, text.count) else {
            throw .init("tls.self_signed", "no certificate can be made for \(names)")
        }
        let pem = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            // Created with its final mode: a key must not be readable by others even for a moment.
            let isWritten = FileManager.default.createFile(
                atPath: file.path, contents: Data(heading.utf8) + Data(pem), attributes: [.posixPermissions: 0o600])
            guard isWritten else { throw CocoaError(.fileWriteNoPermission) }
            return try TLSCredentials(certificateChain: pem, privateKey: pem)
        } catch {
            throw .init("data", "\(file.path) cannot be written")
        }
    }

    /// The names a browser may have in its address bar.
    static func names(for configuration: Configuration) -> String {
        var hosts = ["localhost", "127.0.0.1", "::1"]
        for host in [configuration.listen.host] + configuration.announced
        where !IPAddressText.isWildcard(host) && !hosts.contains(host) {
            hosts.append(host)
        }
        return hosts.map { (IPAddressText.isNumeric($0) ? "IP:" : "DNS:") + $0 }.joined(separator: ",")
    }
}
