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

    init(_ status: HTTPResponse.Status, detail: String? = nil) {
        title = status.reasonPhrase
        self.status = status.code
        self.detail = detail
    }

    var response: Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = (try? encoder.encode(self)) ?? Data()
        return Response(
            status: .init(code: status), headers: [.contentType: "application/problem+json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
