// The signature with which a page may use WeChat's JS-SDK: share card, hidden menu items, closing the window.

import Crypto

public struct PageSignature: Sendable, Equatable {
    public let nonce: String
    /// Unix seconds.
    public let timestamp: Int64
    /// SHA-1, 40 hex digits.
    public let text: String

    public static let nonceBytes = 16

    /// Signs pages of our own only: whoever could have any page signed would have our name on theirs. `random` are fresh
    /// random bytes, `nonceBytes` of them. Throws `.pageNotOurs`.
    public init(page: String, ownDomain: AuthorisedDomain, ticket: Secret, random: [UInt8], now: Int64)
        throws(WeChatError)
    {
        guard let address = WebAddress(page), ownDomain.covers(address), random.count == Self.nonceBytes else {
            throw .pageNotOurs
        }
        self.init(address: address, ticket: ticket, nonce: Hexadecimal.text(random), timestamp: now)
    }

    init(address: WebAddress, ticket: Secret, nonce: String, timestamp: Int64) {
        self.nonce = nonce
        self.timestamp = timestamp
        let signed = "jsapi_ticket=\(ticket.text)&noncestr=\(nonce)&timestamp=\(timestamp)&url=\(address.text)"
        text = Hexadecimal.text(Insecure.SHA1.hash(data: Array(signed.utf8)))
    }
}
