// Where a page is open, by what the browser says of itself. Only to choose between texts ("tap ⋯, then open in the browser")
// and ways to sign in: what the browser can do is asked of it by the page, and anybody may say anything here.

public struct VisitorBrowser: Sendable, Hashable {
    public enum Kind: String, Sendable { case weChat, weCom, miniProgram, other }

    public let kind: Kind
    /// A phone or tablet; on anything else a QR code makes sense.
    public let isHandheld: Bool

    /// Bytes of the header that are looked at; real ones have at most 400.
    private static let lookedAt = 1024

    /// Of the header `User-Agent`.
    public init(userAgent: String) {
        let text = String(decoding: userAgent.utf8.prefix(Self.lookedAt), as: UTF8.self).lowercased()
        // A mini-program's web view says MicroMessenger too, and so does WeCom.
        kind =
            if text.contains("miniprogram") {
                .miniProgram
            } else if text.contains("wxwork/") {
                .weCom
            } else if text.contains("micromessenger/") {
                .weChat
            } else {
                .other
            }
        isHandheld = ["android", "iphone", "ipad", "mobile", "openharmony"].contains { text.contains($0) }
    }
}
