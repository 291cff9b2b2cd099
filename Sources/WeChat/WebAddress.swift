// An http or https address, read strictly. What is redirected to or signed must mean the same host to us, to WeChat and to
// the browser, so everything that parsers are known to disagree about (user names, backslashes, blanks, other scripts) is
// refused.

public struct WebAddress: Sendable, Hashable {
    /// `https` or `http`.
    public let scheme: String
    /// In lower case.
    public let host: String
    /// Nil when it is the scheme's own.
    public let port: Int?
    /// As it came, without the fragment.
    public let text: String

    /// Nil for anything that is not such an address, or longer than `WeChatLimits.addressBytes`.
    public init?(_ whole: String) {
        let bytes = Array(whole.utf8)
        // `|`, `^` and the like stand unescaped in what browsers call the address; the signature is over just that.
        guard bytes.count <= WeChatLimits.addressBytes, bytes.allSatisfy({ (0x21...0x7E).contains($0) }),
            !bytes.contains(UInt8(ascii: "\\"))
        else { return nil }
        let page = bytes.prefix { $0 != UInt8(ascii: "#") }
        let scheme: String
        if page.starts(with: Array("https://".utf8)) {
            scheme = "https"
        } else if page.starts(with: Array("http://".utf8)) {
            scheme = "http"
        } else {
            return nil
        }
        let authority = page.dropFirst(scheme.utf8.count + 3).prefix {
            $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?")
        }
        guard let (host, port) = Self.split(authority) else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port == (scheme == "https" ? 443 : 80) ? nil : port
        text = String(decoding: page, as: UTF8.self)
    }

    /// `example.com` or `example.com:8443`, nil for anything else: no user name, no IPv6.
    static func split(_ authority: some Collection<UInt8>) -> (host: String, port: Int?)? {
        let parts = authority.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let host = parts.first, parts.count <= 2, (1...253).contains(host.count), host.allSatisfy(Self.isOfHost),
            host.first != UInt8(ascii: "."), host.first != UInt8(ascii: "-")
        else { return nil }
        var port: Int?
        if parts.count == 2 {
            let digits = String(decoding: parts[1], as: UTF8.self)
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(digits), (1...65535).contains(number)
            else { return nil }
            port = number
        }
        return (String(decoding: host, as: UTF8.self).lowercased(), port)
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// A host that was made known to WeChat or WeCom, with its port if that is not the usual one.
public struct AuthorisedDomain: Sendable, Hashable {
    public let host: String
    public let port: Int?

    /// `meet.example.com` or `meet.example.com:8443`; nil for anything else.
    public init?(_ text: String) {
        guard let (host, port) = WebAddress.split(text.utf8) else { return nil }
        self.host = host
        self.port = port == 443 ? nil : port
    }

    /// Only the very host: no subdomain, no other port (WeCom answers 50001 otherwise).
    public func covers(_ address: WebAddress) -> Bool { address.host == host && address.port == port }
}

/// Where a service answers: scheme, host and port of `wechat.apiBase`, `wechat.openBase` or `wecom.apiBase`.
public struct WeChatBase: Sendable, Hashable {
    let text: String

    public static let weChat = WeChatBase(known: "https://api.weixin.qq.com")
    public static let open = WeChatBase(known: "https://open.weixin.qq.com")
    public static let weCom = WeChatBase(known: "https://qyapi.weixin.qq.com")

    private init(known text: String) { self.text = text }

    /// Nil for what has a path, a query or a fragment. Plain http is for tests and for proxies on the same machine.
    public init?(_ text: String) {
        let bare = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let address = WebAddress(bare), !bare.contains("#"),
            !address.text.dropFirst(address.scheme.count + 3).contains(where: { $0 == "/" || $0 == "?" })
        else { return nil }
        self.text = bare
    }
}

/// A query in the order in which it was written.
struct QueryText {
    private(set) var text = ""

    init(_ items: KeyValuePairs<String, String>) {
        for (name, value) in items {
            text += "\(text.isEmpty ? "" : "&")\(name)=\(Self.encode(value))"
        }
    }

    /// Everything but the unreserved characters of RFC 3986, 2.3 as %XX.
    static func encode(_ value: String) -> String {
        var result = ""
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "%" + Hexadecimal.text([byte]).uppercased()
            }
        }
        return result
    }
}

enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        var result: [UInt8] = []
        for byte in bytes {
            result.append(digits[Int(byte >> 4)])
            result.append(digits[Int(byte & 15)])
        }
        return String(decoding: result, as: UTF8.self)
    }
}
