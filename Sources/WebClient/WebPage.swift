// Serves the page's folder as values: every file read once at start, found by name, with its content type and a tag.
// Knows no HTTP server.

public import Foundation

/// One file of the page.
public struct PageFile: Sendable {
    public let contentType: String
    /// A strong entity tag (RFC 9110, 8.8.3), quotes included.
    public let entityTag: String
    public let bytes: [UInt8]
}

public struct WebPage: Sendable {
    public enum Failure: Error, Sendable, CustomStringConvertible {
        case notFound(String)
        case unreadable(String)

        public var description: String {
            switch self {
            case .notFound(let places):
                "the web page's files are missing (looked in \(places)): "
                    + "keep hutong_WebClient.resources beside the program"
            case .unreadable(let path): "cannot read the web page's file \(path)"
            }
        }
    }

    /// The file answered for the empty path.
    static let index = "index.html"

    private let files: [String: PageFile]

    /// Reads every regular file below `folder`; names that begin with a dot and unknown kinds of file are left out.
    public init(folder: URL) throws(Failure) {
        var files: [String: PageFile] = [:]
        let root = folder.standardizedFileURL.path + "/"
        let found = FileManager.default.enumerator(
            at: folder.standardizedFileURL, includingPropertiesForKeys: [.isRegularFileKey], options: .skipsHiddenFiles)
        while let url = found?.nextObject() as? URL {
            guard let contentType = Self.contentTypes[url.pathExtension],
                (try? url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true,
                url.path.hasPrefix(root)
            else { continue }
            guard let data = try? Data(contentsOf: url) else { throw .unreadable(url.path) }
            let bytes = [UInt8](data)
            files[String(url.path.dropFirst(root.count))] = PageFile(
                contentType: contentType, entityTag: Self.entityTag(bytes), bytes: bytes)
        }
        guard files[Self.index] != nil else { throw .notFound(folder.path) }
        self.files = files
    }

    /// The page that came with the program: the resource folder beside the executable, else the source tree it was
    /// built from.
    public static func bundled() throws(Failure) -> WebPage {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let places = [program.appendingPathComponent("hutong_WebClient.resources"), source]
            .map { $0.appendingPathComponent("page") }
        for place in places
        where FileManager.default.fileExists(atPath: place.appendingPathComponent(index).path) {
            return try WebPage(folder: place)
        }
        throw .notFound(places.map(\.path).joined(separator: ", "))
    }

    /// - Parameter path: without leading slash, percent-decoded; empty means the page itself.
    public func file(at path: String) -> PageFile? { files[path.isEmpty ? Self.index : path] }

    /// The kinds of file a page is made of; anything else in the folder (notes, sources) is not served.
    private static let contentTypes = [
        "html": "text/html; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8",
        "json": "application/json",
        "webmanifest": "application/manifest+json",
        "wasm": "application/wasm",
        "svg": "image/svg+xml",
        "png": "image/png",
        "jpg": "image/jpeg",
        "webp": "image/webp",
        "ico": "image/x-icon",
        "woff2": "font/woff2",
        "mp3": "audio/mpeg",
        "ogg": "audio/ogg",
    ]

    /// FNV-1a, 64 bits, with the length: tells versions of our own files apart, it guards nothing.
    static func entityTag(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\"\(String(hash, radix: 16))-\(String(bytes.count, radix: 16))\""
    }
}
