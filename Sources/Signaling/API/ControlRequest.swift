// From a path's last word and a JSON body to a control. Everything that is wrong is said at once, by field.

import Foundation

/// What is wrong with the body of a control.
enum ControlRequestError: Error {
    case noSuchControl
    case notAnObject
    case fields([Problem.FieldError])
}

enum ControlRequest {
    /// - Parameter body: a JSON object; empty is one without fields.
    static func decode(_ name: String, _ body: [UInt8]) throws(ControlRequestError) -> HostControl {
        guard let reader = readers[name] else { throw .noSuchControl }
        guard var request = RequestFields(body) else { throw .notAnObject }
        let control = reader(&request)
        request.rejectUnread()
        guard request.errors.isEmpty else { throw .fields(request.errors) }
        return control
    }

    /// By the path's last word.
    private static let readers: [String: @Sendable (inout RequestFields) -> HostControl] = [
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
}

extension RequestFields {
    fileprivate mutating func optionalIdentity() -> String? { optionalText("identity", Limits.nameBytes) }
    fileprivate mutating func identity() -> String { text("identity", Limits.nameBytes) }

    fileprivate mutating func identities() -> [String] {
        let before = errors.count
        guard let list = list("identities"), !list.isEmpty else {
            if errors.count == before { wrong("identities", "missing", "不能为空", "Must not be empty") }
            return []
        }
        return list
    }

    fileprivate mutating func device() -> HostControl.Device { choice("device") ?? .microphone }

    fileprivate mutating func minutes() -> Int {
        guard let number = value("minutes") as? NSNumber, !number.isBoolean, let minutes = number as? Int,
            (1...Limits.meetingMinutes).contains(minutes)
        else {
            let most = Limits.meetingMinutes
            wrong("minutes", "out_of_range", "应为 1 至 \(most) 的整数", "Must be a whole number from 1 to \(most)")
            return 1
        }
        return minutes
    }

    fileprivate mutating func rules() -> RulesChange {
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
