// One call of WeChat's or WeCom's interface as a value: what to ask, and what the answer means.

public struct WeChatCall<Reply: Sendable>: Sendable {
    public let request: WeChatRequest
    let credential: WeChatError.Credential
    /// Nil when something is missing that the reply is useless without.
    private let decode: @Sendable (JSON) throws(WeChatError) -> Reply?

    init(
        get base: WeChatBase, _ path: String, _ query: KeyValuePairs<String, String>,
        credential: WeChatError.Credential, replyLimit: Int = WeChatLimits.replyBytes,
        decode: @escaping @Sendable (JSON) throws(WeChatError) -> Reply?
    ) {
        let address = "\(base.text)\(path)?\(QueryText(query).text)"
        request = WeChatRequest(method: .get, address: address, body: [], replyLimit: replyLimit)
        self.credential = credential
        self.decode = decode
    }

    init(
        post base: WeChatBase, _ path: String, _ query: KeyValuePairs<String, String>, body: [UInt8],
        credential: WeChatError.Credential, decode: @escaping @Sendable (JSON) throws(WeChatError) -> Reply?
    ) {
        let address = "\(base.text)\(path)?\(QueryText(query).text)"
        request = WeChatRequest(method: .post, address: address, body: body, replyLimit: WeChatLimits.replyBytes)
        self.credential = credential
        self.decode = decode
    }

    /// What an answer means. Errors come with status 200 and an `errcode`; none or 0 is success.
    public func reply(to response: WeChatResponse) throws(WeChatError) -> Reply {
        guard response.status == 200 else { throw .httpStatus(response.status) }
        guard let json = JSON(response.body, limit: request.replyLimit), case .object = json else {
            throw .malformedReply
        }
        if json["errcode"] != .null {
            guard let number = json["errcode"].integer else { throw .malformedReply }
            if let error = WeChatError(number: number, credential: credential) { throw error }
        }
        guard let reply = try decode(json) else { throw .malformedReply }
        return reply
    }
}
