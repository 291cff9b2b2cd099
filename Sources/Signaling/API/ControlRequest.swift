// From a path's last word and a JSON body to a control. Everything that is wrong is said at once, by field.

import Foundation

/// What is wrong with the body of a control.
enum ControlRequestError: Error {
    case noSuchControl
    case notAnObject
    case fields([Problem.FieldError])
}

/// Reads fields of one JSON object and collects what is wrong with them.
struct ControlRequest {
    private let object: [String: Any]
    private var errors: [Problem.FieldError] = []
    private var read: Set<String> = []

    /// - Parameter body: a JSON object; empty is one without fields.
    static func decode(_ name: String, _ body: [UInt8]) throws(ControlRequestError) -> HostControl {
        guard let reader = readers[name] else { throw .noSuchControl }
        let parsed = body.isEmpty ? [:] : try? JSONSerialization.jsonObject(with: Data(body))
        guard let object = parsed as? [String: Any] else { throw .notAnObject }
        var request = ControlRequest(object: object)
        let control = reader(&request)
        request.rejectUnread()
        guard request.errors.isEmpty else { throw .fields(request.errors) }
        return control
    }

    private init(object: [String: Any]) { self.object = object }

    /// By the path's last word.
    private static let readers: [String: @Sendable (inout ControlRequest) -> HostControl] = [
        "mute": { .mute($0.identities(), $0.device(), allowSelfUnmute: $0.bool("allowSelfUnmute") ?? true) },
        "mute-all": { request in
            let device = request.device()
            var policy = MutePolicy()
            policy.all = request.bool("all") ?? true
            policy.allow = Set(request.list("allow") ?? [])
            policy.deny = Set(request.list("deny") ?? [])
            policy.allowSelfUnmute = request.bool("allowSelfUnmute") ?? true
            return .muteAll(device, policy)
        },
        "ask-unmute": { .askToUnmute($0.identities(), $0.device()) },
        "ask-mute": { .askToMute($0.identities(), $0.device()) },
        "stop-share": { .stopShare($0.identity()) },
        "set": { .set($0.rules()) },
        "rename": { .rename($0.identity(), to: $0.text("name", Limits.nameBytes)) },
        "raise-hand": { .raiseHand($0.identity()) },
        "lower-hand": { .lowerHand($0.identity()) },
        "lower-hands": { _ in .lowerAllHands },
        "spotlight": { .spotlight($0.optionalIdentity()) },
        "admit": { .admit($0.identities()) },
        "admit-all": { _ in .admitAll },
        "refuse": { .refuse($0.identities()) },
        "notify-waiting": { .notifyWaiting($0.text("text", Limits.noticeBytes)) },
        "remove": { .remove($0.identities(), mayReturn: $0.bool("mayReturn") ?? true) },
        "extend": { .extend(minutes: $0.minutes()) },
        "transfer": { .transfer(to: $0.identity()) },
        "cohost": { .setCohost($0.identity(), $0.bool("cohost") ?? true) },
        "claim-host": { .claimHost(key: $0.optionalText("key", Limits.nameBytes)) },
        "roll-call": { .rollCall($0.optionalIdentity()) },
        "end": { _ in .end },
    ]

    // MARK: Fields

    private mutating func wrong(_ field: String, _ code: String, _ zh: String, _ en: String) {
        errors.append(Problem.FieldError(field: field, code: code, texts: ["zh-CN": zh, "en": en]))
    }

    private mutating func value(_ field: String) -> Any? {
        read.insert(field)
        let value = object[field]
        return value is NSNull ? nil : value
    }

    private mutating func rejectUnread() {
        for field in object.keys.sorted() where !read.contains(field) {
            wrong(String(field.prefix(64)), "unknown", "没有此字段", "There is no such field")
        }
    }

    private mutating func optionalText(_ field: String, _ limit: Int) -> String? {
        guard let value = value(field) else { return nil }
        guard let text = value as? String else {
            wrong(field, "type", "应为文本", "Must be a text")
            return nil
        }
        guard text.utf8.count <= limit, !text.utf8.contains(0) else {
            wrong(field, "too_long", "过长或含有无效字符", "Is too long, or has a character that is not allowed")
            return nil
        }
        return text
    }

    private mutating func text(_ field: String, _ limit: Int) -> String {
        let before = errors.count
        guard let text = optionalText(field, limit), !text.isEmpty else {
            if errors.count == before { wrong(field, "missing", "不能为空", "Must not be empty") }
            return ""
        }
        return text
    }

    private mutating func optionalIdentity() -> String? { optionalText("identity", Limits.nameBytes) }
    private mutating func identity() -> String { text("identity", Limits.nameBytes) }

    private mutating func list(_ field: String) -> [String]? {
        guard let value = value(field) else { return nil }
        guard let list = value as? [String] else {
            wrong(field, "type", "应为文本列表", "Must be a list of texts")
            return nil
        }
        guard list.count <= Limits.identitiesPerControl,
            list.allSatisfy({ !$0.isEmpty && $0.utf8.count <= Limits.nameBytes && !$0.utf8.contains(0) })
        else {
            wrong(field, "too_long", "列表过长或有无效的成员", "Is too long, or names somebody who cannot be")
            return nil
        }
        return list
    }

    private mutating func identities() -> [String] {
        let before = errors.count
        guard let list = list("identities"), !list.isEmpty else {
            if errors.count == before { wrong("identities", "missing", "不能为空", "Must not be empty") }
            return []
        }
        return list
    }

    private mutating func bool(_ field: String) -> Bool? {
        guard let value = value(field) else { return nil }
        // Numbers are not taken for it, which Foundation would do.
        guard let number = value as? NSNumber, number.isBoolean else {
            wrong(field, "type", "应为 true 或 false", "Must be true or false")
            return nil
        }
        return number.boolValue
    }

    private mutating func choice<Choice: RawRepresentable & CaseIterable>(_ field: String) -> Choice?
    where Choice.RawValue == String {
        guard let value = value(field) else { return nil }
        guard let choice = (value as? String).flatMap(Choice.init) else {
            let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            wrong(field, "not_one_of", "应为其中之一：\(all)", "Must be one of: \(all)")
            return nil
        }
        return choice
    }

    private mutating func device() -> HostControl.Device { choice("device") ?? .microphone }

    private mutating func minutes() -> Int {
        guard let number = value("minutes") as? NSNumber, !number.isBoolean, let minutes = number as? Int,
            (1...Limits.meetingMinutes).contains(minutes)
        else {
            let most = Limits.meetingMinutes
            wrong("minutes", "out_of_range", "应为 1 至 \(most) 的整数", "Must be a whole number from 1 to \(most)")
            return 1
        }
        return minutes
    }

    private mutating func rules() -> RulesChange {
        var change = RulesChange()
        change.waitingRoom = choice("waitingRoom")
        change.muteOnEntry = choice("muteOnEntry")
        change.allowSelfUnmute = bool("allowSelfUnmute")
        change.sharing = choice("sharing")
        change.chat = choice("chat")
        change.selfRename = bool("selfRename")
        change.allowGuests = bool("allowGuests")
        change.enterBeforeHost = bool("enterBeforeHost")
        change.isLocked = bool("locked")
        change.showsSeniors = bool("showsSeniors")
        change.succession = choice("succession")
        change.hostKey = optionalText("hostKey", Limits.nameBytes)
        if let key = change.hostKey, !key.isEmpty {
            let digits = Limits.hostKeyDigits
            if !digits.contains(key.utf8.count) || !key.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                wrong(
                    "hostKey", "format", "应为 \(digits.lowerBound) 至 \(digits.upperBound) 位数字",
                    "Must have \(digits.lowerBound) to \(digits.upperBound) digits")
            }
        }
        return change
    }
}

extension NSNumber {
    /// JSON's true and false among its numbers.
    fileprivate var isBoolean: Bool { String(cString: objCType) == "c" }
}
