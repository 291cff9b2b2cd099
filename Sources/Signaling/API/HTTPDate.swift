// The time in HTTP headers: IMF-fixdate (RFC 9110, 5.6.7), for example "Sun, 06 Nov 1994 08:49:37 GMT".

import Foundation

enum HTTPDate {
    static var now: String { text(time(nil)) }

    /// - Parameter seconds: since 1970.
    static func text(_ seconds: time_t) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            let count = strftime(buffer.baseAddress, buffer.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }
}
