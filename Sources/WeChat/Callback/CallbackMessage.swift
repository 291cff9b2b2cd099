// What WeCom pushed, as far as Hutong acts on it, and a memory for repetitions.

import Crypto

public struct CallbackMessage: Sendable, Equatable {
    public enum Event: Sendable, Equatable {
        case memberCreated(userID: String)
        /// `newUserID` if that changed too; `status` if it did.
        case memberUpdated(userID: String, newUserID: String?, status: WeComMember.Status?)
        case memberDeleted(userID: String)
        case departmentCreated(id: Int)
        case departmentUpdated(id: Int)
        case departmentDeleted(id: Int)
        /// Meetings, live streams and what else there is, by the event's name; empty for a message of a person.
        case other(String)
    }

    public let event: Event
    /// Unix seconds; 0 if not said.
    public let created: Int64
    /// The same for a repetition of the same push: a hash, whatever a push is made of.
    public let identity: String

    init(_ fields: CallbackFields) {
        let userID = fields["UserID"].flatMap { JSON.text($0).identifier }
        let id = fields["Id"].flatMap { Int($0) }
        let isContact = fields["MsgType"] == "event" && fields["Event"] == "change_contact"
        event =
            switch (isContact ? fields["ChangeType"] : nil, userID, id) {
            case ("create_user", let userID?, _): .memberCreated(userID: userID)
            case ("update_user", let userID?, _):
                .memberUpdated(
                    userID: userID, newUserID: fields["NewUserID"].flatMap { JSON.text($0).identifier },
                    status: fields["Status"].flatMap { Int($0) }.flatMap { WeComMember.Status(rawValue: $0) })
            case ("delete_user", let userID?, _): .memberDeleted(userID: userID)
            case ("create_party", _, let id?): .departmentCreated(id: id)
            case ("update_party", _, let id?): .departmentUpdated(id: id)
            case ("delete_party", _, let id?): .departmentDeleted(id: id)
            default: .other(fields["Event"] ?? "")
            }
        created = fields["CreateTime"].flatMap { Int64($0) } ?? 0
        // Changes of contacts all come from "sys", and an import makes many in one second: who and what belongs to it.
        let parts =
            fields["MsgId"].map { ["MsgId", $0] }
            ?? ["FromUserName", "CreateTime", "Event", "ChangeType", "UserID", "Id"].map { fields[$0] ?? "" }
        identity = Hexadecimal.text(SHA256.hash(data: Array(parts.joined(separator: "\n").utf8)))
    }
}

public struct CallbackMemory: Sendable {
    private var known: Set<String> = []
    /// The next to be forgotten is at `oldest`.
    private var order: [String] = []
    private var oldest = 0

    public init() {}

    /// True the first time.
    public mutating func isNew(_ message: CallbackMessage) -> Bool {
        guard known.insert(message.identity).inserted else { return false }
        if order.count < WeChatLimits.rememberedCallbacks {
            order.append(message.identity)
        } else {
            known.remove(order[oldest])
            order[oldest] = message.identity
            oldest = (oldest + 1) % order.count
        }
        return true
    }
}
