// The page's files over HTTP: revalidated on every load, and locked to what this server itself serves.

import HTTPTypes
import HummingbirdCore
import NIOCore

enum PageResponse {
    /// No inline script or style, no foreign host. `connect-src` allows other signaling hosts, since an invitation may
    /// name one; `blob:` and `data:` are for avatars, previews and worklets the page makes itself.
    static let contentSecurityPolicy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'", "img-src 'self' data: blob:",
        "media-src 'self' blob:", "worker-src 'self' blob:", "manifest-src 'self'", "connect-src 'self' ws: wss:",
        "base-uri 'none'", "form-action 'self'", "frame-ancestors 'self'",
    ].joined(separator: "; ")

    static func make(_ file: StaticFile, ifNoneMatch: String?) -> Response {
        var headers: HTTPFields = [
            .contentType: file.contentType,
            .eTag: file.entityTag,
            // Modules import one another by name: mixing versions would break the page, so each is asked for again and
            // usually answered with 304.
            .cacheControl: "no-cache",
            .contentSecurityPolicy: contentSecurityPolicy,
        ]
        // The room is in the address.
        headers.set("Referrer-Policy", "no-referrer")
        headers.set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)")
        if let ifNoneMatch, matches(ifNoneMatch, file.entityTag) {
            headers[.contentType] = nil
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }

    /// RFC 9110, 13.1.2: a list of tags, weak comparison, or `*`.
    private static func matches(_ field: String, _ tag: String) -> Bool {
        field.split(separator: ",").contains { candidate in
            let candidate = candidate.trimmingPrefix { $0 == " " }
            return candidate == "*" || candidate == tag || candidate == "W/" + tag
        }
    }
}
