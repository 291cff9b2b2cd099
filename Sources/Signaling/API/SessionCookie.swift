// The cookie of a session, and why a request that carries one is not another site's: it is SameSite=Lax, and whatever
// changes something must come from our own pages or from no browser at all.

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

enum SessionCookie {
    static let name = "hutong_session"

    /// - Parameter token: nil takes the cookie away.
    static func field(_ token: String?, isSecure: Bool) -> String {
        let age = token == nil ? 0 : Limits.sessionSeconds
        return "\(name)=\(token ?? ""); Path=/; Max-Age=\(age); HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }

    static func token(in request: Request) -> String? { request.cookies[name]?.value }

    /// Browsers say in `Origin` which site's page sends a request that changes something; it must be the host that is
    /// asked. Without it, `Sec-Fetch-Site` must not name another site. A program that is no browser sends neither, and
    /// has no cookies that it was not given.
    static func isOwnSite(_ request: Request) -> Bool {
        if request.method == .get || request.method == .head { return true }
        if let origin = request.headers[.origin] {
            guard let host = request.head.authority, let separator = origin.firstRange(of: "://") else { return false }
            return origin[separator.upperBound...].lowercased() == host.lowercased()
        }
        let site = request.headers.first { $0.name.canonicalName == "sec-fetch-site" }?.value
        return ["same-origin", "none", nil].contains(site)
    }

    /// Whether the browser's connection is encrypted: to us, or to a proxy on this machine that says so.
    static func isSecure(_ request: Request, _ context: EdgeContext) -> Bool {
        if request.head.scheme == "https" { return true }
        return context.remoteAddress?.isLoopback == true && forwarded("x-forwarded-proto", request) == "https"
    }

    /// Who asks: behind a proxy on this machine the last address that it names, which it wrote itself.
    static func origin(_ request: Request, _ context: EdgeContext) -> Origin {
        let address = context.remoteAddress
        guard address?.isLoopback == true else {
            return Origin(network: address?.network, source: AddressClass(address))
        }
        guard let client = forwarded("x-forwarded-for", request),
            let named = try? SocketAddress(ipAddress: client, port: 0)
        else { return Origin(network: nil, source: .local) }
        return Origin(network: named.network, source: AddressClass(named))
    }

    private static func forwarded(_ name: String, _ request: Request) -> String? {
        request.headers.last { $0.name.canonicalName == name }?.value.split(separator: ",").last
            .map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    }
}
