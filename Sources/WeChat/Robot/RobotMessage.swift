// A message of a group robot as WeCom's webhook takes it (product.md, 2.7): made here for real WeCom robots, and read here
// from programs that send to a group of ours. The same limits hold both ways.

import Crypto
import Foundation

public struct RobotMessage: Sendable, Hashable {
    public enum Content: Sendable, Hashable {
        /// `mentioned` are userids or `@all`.
        case text(String, mentioned: [String] = [], mentionedMobiles: [String] = [])
        case markdown(String)
        /// JPEG or PNG.
        case image([UInt8])
        case news([Article])
        case card(Card)
    }

    public struct Article: Sendable, Hashable {
        public var title: String
        public var description: String
        public var url: String
        /// Empty: none.
        public var pictureURL: String

        public init(title: String, description: String = "", url: String, pictureURL: String = "") {
            self.title = title
            self.description = description
            self.url = url
            self.pictureURL = pictureURL
        }
    }

    /// What stands for a meeting in a chat: a title, rows of name and value, and a page that a tap opens.
    public struct Card: Sendable, Hashable {
        public struct Row: Sendable, Hashable {
            public var name: String
            public var value: String

            public init(name: String, value: String) {
                self.name = name
                self.value = value
            }
        }

        public var title: String
        public var description: String
        public var rows: [Row]
        public var url: String

        public init(title: String, description: String = "", rows: [Row] = [], url: String) {
            self.title = title
            self.description = description
            self.rows = rows
            self.url = url
        }
    }

    /// Of JPEG and PNG (ISO 15948, 5.2).
    private static let imageStarts: [[UInt8]] = [
        [0xFF, 0xD8, 0xFF], [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A],
    ]

    public let content: Content

    public init(_ content: Content) throws(RobotMessageError) {
        switch content {
        case .text(let text, let people, let mobiles):
            try Self.check(text, "text.content", 1...WeChatLimits.robotTextBytes)
            guard people.count <= WeChatLimits.robotMentions else { throw .malformed("text.mentioned_list") }
            guard mobiles.count <= WeChatLimits.robotMentions else { throw .malformed("text.mentioned_mobile_list") }
            for name in people { try Self.check(name, "text.mentioned_list", 1...WeChatLimits.identifierBytes) }
            for mobile in mobiles { try Self.check(mobile, "text.mentioned_mobile_list", 1...32) }
        case .markdown(let text): try Self.check(text, "markdown.content", 1...WeChatLimits.robotMarkdownBytes)
        case .image(let bytes):
            guard bytes.count <= WeChatLimits.robotImageBytes else {
                throw .tooLong("image.base64", limit: WeChatLimits.robotImageBytes)
            }
            guard Self.imageStarts.contains(where: { bytes.starts(with: $0) }) else { throw .malformed("image.base64") }
        case .news(let articles):
            guard (1...WeChatLimits.robotArticles).contains(articles.count) else { throw .malformed("news.articles") }
            for article in articles {
                try Self.check(article.title, "news.articles.title", 1...WeChatLimits.robotTitleBytes)
                try Self.check(article.description, "news.articles.description", 0...WeChatLimits.robotDescriptionBytes)
                try Self.check(url: article.url, "news.articles.url")
                if !article.pictureURL.isEmpty { try Self.check(url: article.pictureURL, "news.articles.picurl") }
            }
        case .card(let card):
            try Self.check(card.title, "template_card.main_title.title", 1...WeChatLimits.robotTitleBytes)
            try Self.check(card.description, "template_card.main_title.desc", 0...WeChatLimits.robotDescriptionBytes)
            try Self.check(url: card.url, "template_card.card_action.url")
            let list = "template_card.horizontal_content_list"
            guard card.rows.count <= WeChatLimits.robotCardRows else { throw .malformed(list) }
            for row in card.rows {
                try Self.check(row.name, "\(list).keyname", 1...WeChatLimits.robotTitleBytes)
                try Self.check(row.value, "\(list).value", 0...WeChatLimits.robotTitleBytes)
            }
        }
        self.content = content
    }

    private static func check(_ text: String, _ field: String, _ bytes: ClosedRange<Int>) throws(RobotMessageError) {
        guard text.utf8.count <= bytes.upperBound else { throw .tooLong(field, limit: bytes.upperBound) }
        guard text.utf8.count >= bytes.lowerBound, !text.utf8.contains(0) else { throw .malformed(field) }
    }

    /// Members tap on it: only pages of the web, no script.
    private static func check(url: String, _ field: String) throws(RobotMessageError) {
        guard url.utf8.count <= WeChatLimits.addressBytes else {
            throw .tooLong(field, limit: WeChatLimits.addressBytes)
        }
        guard WebAddress(url) != nil else { throw .malformed(field) }
    }
}

extension RobotMessage {
    /// JSON for `webhook/send`.
    var body: [UInt8] { json.bytes }

    private var json: JSON {
        func message(_ type: String, _ fields: [String: JSON]) -> JSON {
            .object(["msgtype": .text(type), type: .object(fields)])
        }
        switch content {
        case .text(let text, let people, let mobiles):
            var fields: [String: JSON] = ["content": .text(text)]
            if !people.isEmpty { fields["mentioned_list"] = .array(people.map { .text($0) }) }
            if !mobiles.isEmpty { fields["mentioned_mobile_list"] = .array(mobiles.map { .text($0) }) }
            return message("text", fields)
        case .markdown(let text): return message("markdown", ["content": .text(text)])
        case .image(let bytes):
            let hash = Hexadecimal.text(Insecure.MD5.hash(data: bytes))
            return message("image", ["base64": .text(Data(bytes).base64EncodedString()), "md5": .text(hash)])
        case .news(let articles):
            let items = articles.map { article in
                JSON.object([
                    "title": .text(article.title), "description": .text(article.description), "url": .text(article.url),
                    "picurl": .text(article.pictureURL),
                ])
            }
            return message("news", ["articles": .array(items)])
        case .card(let card):
            return message(
                "template_card",
                [
                    "card_type": .text("text_notice"),
                    "main_title": .object(["title": .text(card.title), "desc": .text(card.description)]),
                    "horizontal_content_list": .array(
                        card.rows.map { .object(["keyname": .text($0.name), "value": .text($0.value)]) }),
                    "card_action": .object(["type": .number(1), "url": .text(card.url)]),
                ])
        }
    }

    /// What a program sent to our own `webhook/send`.
    public init(body: [UInt8]) throws(RobotMessageError) {
        guard body.count <= WeChatLimits.robotBodyBytes else {
            throw .tooLong("body", limit: WeChatLimits.robotBodyBytes)
        }
        guard let json = JSON(body, limit: WeChatLimits.robotBodyBytes), case .object = json else {
            throw .malformed("body")
        }
        guard let type = json["msgtype"].text else { throw .unknownType }
        let fields = json[type]
        switch type {
        case "text":
            guard let text = fields["content"].text else { throw .malformed("text.content") }
            let people = try Self.texts(fields["mentioned_list"], "text.mentioned_list")
            let mobiles = try Self.texts(fields["mentioned_mobile_list"], "text.mentioned_mobile_list")
            try self.init(.text(text, mentioned: people, mentionedMobiles: mobiles))
        case "markdown":
            guard let text = fields["content"].text else { throw .malformed("markdown.content") }
            try self.init(.markdown(text))
        case "image":
            guard let base64 = fields["base64"].text, let data = Data(base64Encoded: base64) else {
                throw .malformed("image.base64")
            }
            // Over the bytes before base64: what arrived is what was sent.
            let bytes = Array(data)
            guard fields["md5"].text?.lowercased() == Hexadecimal.text(Insecure.MD5.hash(data: bytes)) else {
                throw .malformed("image.md5")
            }
            try self.init(.image(bytes))
        case "news":
            guard case .array(let items) = fields["articles"], items.count <= WeChatLimits.robotArticles else {
                throw .malformed("news.articles")
            }
            try self.init(
                .news(
                    items.map {
                        Article(
                            title: $0["title"].text ?? "", description: $0["description"].text ?? "",
                            url: $0["url"].text ?? "", pictureURL: $0["picurl"].text ?? "")
                    }))
        case "template_card":
            guard fields["card_type"].text == "text_notice" else { throw .malformed("template_card.card_type") }
            guard fields["card_action"]["type"].integer == 1 else { throw .malformed("template_card.card_action.type") }
            let title = fields["main_title"]
            let rows = fields["horizontal_content_list"].items.prefix(WeChatLimits.robotCardRows + 1)
            try self.init(
                .card(
                    Card(
                        title: title["title"].text ?? "", description: title["desc"].text ?? "",
                        rows: rows.map { .init(name: $0["keyname"].text ?? "", value: $0["value"].text ?? "") },
                        url: fields["card_action"]["url"].text ?? "")))
        default: throw .unknownType
        }
    }

    private static func texts(_ json: JSON, _ field: String) throws(RobotMessageError) -> [String] {
        if json == .null { return [] }
        guard case .array(let items) = json, items.count <= WeChatLimits.robotMentions else { throw .malformed(field) }
        var texts: [String] = []
        for item in items {
            guard let text = item.text else { throw .malformed(field) }
            texts.append(text)
        }
        return texts
    }
}
