// What is wrong with a booking, field by field, for machines (`code`) and for people in both languages.

public import Directory
public import Scheduling

/// Raw values are the names in the API.
public enum BookingField: String, Sendable, CaseIterable {
    case kind, topic, notes, location, start, zone, minutes, rule, host, coHosts, members, departments, outside, rooms
    case password, hostKey, waitingRoom, muteOnEntry, sharing, chat, succession, restriction, early, hostless,
        recording, live
    case watermark, reminders, reminderScope, ringing, preset, maxParticipants

    public func text(in language: Language) -> String {
        let (zh, en) = names
        return language == .zh ? zh : en
    }

    private var names: (zh: String, en: String) {
        switch self {
        case .kind: ("会议类型", "Kind")
        case .topic: ("会议主题", "Topic")
        case .notes: ("会议说明", "Notes")
        case .location: ("地点", "Location")
        case .start: ("开始时间", "Start")
        case .zone: ("时区", "Time zone")
        case .minutes: ("时长", "Duration")
        case .rule: ("重复规则", "Recurrence")
        case .host: ("主持人", "Host")
        case .coHosts: ("联席主持人", "Co-hosts")
        case .members: ("参会成员", "Members")
        case .departments: ("参会部门", "Departments")
        case .outside: ("外部参会人", "People outside")
        case .rooms: ("会议室", "Rooms")
        case .password: ("入会密码", "Password")
        case .hostKey: ("主持人密钥", "Host key")
        case .waitingRoom: ("等候室", "Waiting room")
        case .muteOnEntry: ("入会静音", "Mute on entry")
        case .sharing: ("屏幕共享", "Screen sharing")
        case .chat: ("聊天", "Chat")
        case .succession: ("主持人离开后", "After the host leaves")
        case .restriction: ("入会范围", "Who may enter")
        case .early: ("提前入会", "Early entry")
        case .hostless: ("主持人未到时", "Before the host")
        case .recording: ("录制", "Recording")
        case .live: ("直播", "Live stream")
        case .watermark: ("水印", "Watermark")
        case .reminders: ("工作提醒", "Work reminders")
        case .reminderScope: ("提醒范围", "Who is reminded")
        case .ringing: ("响铃成员", "Who is rung")
        case .preset: ("限制方案", "Limit preset")
        case .maxParticipants: ("人数上限", "Most participants")
        }
    }
}

public struct BookingFieldError: Error, Sendable, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        case required
        case tooLong = "too_long"
        case tooMany = "too_many"
        case outOfRange = "out_of_range"
        case badCharacter = "bad_character"
        case badDigits = "bad_digits"
        case badContact = "bad_contact"
        case unknownValue = "unknown_value"
        /// Also who is disabled, and whom the organiser may not see.
        case unknownPerson = "unknown_person"
        case unknownDepartment = "unknown_department"
        /// Also one that is not for the organiser.
        case unknownRoom = "unknown_room"
        case repeated
        case notAllowed = "not_allowed"
        case inThePast = "in_the_past"
    }

    public let field: BookingField
    /// Of `Code`, or of a `SchedulingError`.
    public let code: String
    public let zh: String
    public let en: String

    /// - Parameter limit: what the text names, such as `5–1440`.
    public init(_ field: BookingField, _ code: Code, limit: String = "") {
        let (zh, en) = (field.text(in: .zh), field.text(in: .en))
        let words: (zh: String, en: String) =
            switch code {
            case .required: ("请填写\(zh)", "\(en) is required.")
            case .tooLong: ("\(zh)过长，最多 \(limit) 个字符", "\(en) is too long; use at most \(limit) characters.")
            case .tooMany: ("\(zh)过多，最多 \(limit) 个", "\(en): too many; give at most \(limit).")
            case .outOfRange: ("\(zh)须为 \(limit)", "\(en) must be \(limit).")
            case .badCharacter:
                ("\(zh)含有不可见或控制字符，请删除后重新输入", "\(en) holds an invisible or control character; type it again.")
            case .badDigits: ("\(zh)须为 \(limit) 位数字", "\(en) must be \(limit) digits.")
            case .badContact: ("\(zh)须填写姓名，以及有效的邮箱或手机号", "\(en) need a name, and a mail address or a phone number.")
            case .unknownValue: ("\(zh)的值无法识别，请从可选值中选择", "\(en) is none of the known values; choose one of them.")
            case .unknownPerson: ("\(zh)中有人不在通讯录，请重新选择", "\(en): somebody is not in the directory; choose again.")
            case .unknownDepartment: ("\(zh)中有部门不存在，请重新选择", "\(en): a department does not exist; choose again.")
            case .unknownRoom:
                ("\(zh)不存在或不对您开放，请重新选择", "\(en): one does not exist or is not open to you; choose again.")
            case .repeated: ("\(zh)有重复项，请删除", "\(en): something is named twice; remove one.")
            case .notAllowed: ("\(zh)不适用于此会议，请删除", "\(en) cannot be given for this meeting; remove it.")
            case .inThePast: ("\(zh)已过，请选择将来的时间", "\(en) has passed; choose a time to come.")
            }
        (self.field, self.code, self.zh, self.en) = (field, code.rawValue, words.zh, words.en)
    }

    public init(_ field: BookingField, _ error: SchedulingError) {
        (self.field, code) = (field, error.code.rawValue)
        (zh, en) = (error.text(in: .chinese), error.text(in: .english))
    }
}

/// All that is wrong with a booking, in the order of its fields.
public struct InvalidBooking: Error, Sendable, Equatable {
    public let errors: [BookingFieldError]
}
