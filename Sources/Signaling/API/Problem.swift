// RFC 9457 problem details, the one form in which API routes say what is wrong.

import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Throw it from any route.
struct Problem: Error, Encodable {
    let title: String
    let status: Int
    let detail: String?
    /// Stable, for programs.
    var code: String?
    /// For people, by language: `zh-CN` and `en`.
    var texts: [String: String]?
    /// Everything that is wrong with the request, not only the first.
    var errors: [FieldError]?

    struct FieldError: Encodable, Sendable, Equatable {
        var field: String
        var code: String
        var texts: [String: String]
        /// Of an uploaded file, as spreadsheets count.
        var row: Int?
    }
    /// Seconds after which it may be tried again.
    var retryAfter: Int64?

    init(_ status: HTTPResponse.Status, detail: String? = nil) {
        title = status.reasonPhrase
        self.status = status.code
        self.detail = detail
    }

    var response: Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = (try? encoder.encode(self)) ?? Data()
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        return Response(
            status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
