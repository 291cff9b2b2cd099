// What the module refuses, as one type: a stable code, the part of the input it is about, and words for people in
// Chinese and English. Where a refusal is shown, and in which language, is for others to decide.

public struct SchedulingError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case dateMalformed = "date_malformed"
        case dateRange = "date_range"
        case zoneName = "zone_name"
        case zoneUnknown = "zone_unknown"
        case zoneFile = "zone_file"
        case ruleTooLong = "rrule_too_long"
        case ruleMalformed = "rrule_malformed"
        case rulePartRepeated = "rrule_part_repeated"
        case rulePartUnknown = "rrule_part_unknown"
        case rulePartUnsupported = "rrule_part_unsupported"
        case ruleFrequencyMissing = "rrule_freq_missing"
        case ruleFrequencyUnsupported = "rrule_freq_unsupported"
        case ruleIntervalRange = "rrule_interval_range"
        case ruleCountRange = "rrule_count_range"
        case ruleUntilForm = "rrule_until_form"
        case ruleCountAndUntil = "rrule_count_and_until"
        case ruleDayValue = "rrule_byday_value"
        case ruleDayOrdinal = "rrule_byday_ordinal"
        case ruleMonthDayRange = "rrule_bymonthday_range"
        case ruleMonthDayWeekly = "rrule_bymonthday_weekly"
        case ruleMonthRange = "rrule_bymonth_range"
        case rulePositionRange = "rrule_bysetpos_range"
        case rulePositionContext = "rrule_bysetpos_context"
        case ruleWeekStart = "rrule_wkst_value"
        case ruleListLength = "rrule_list_length"
        case seriesEmpty = "series_empty"
        case seriesDuration = "series_duration"
        case seriesExceptions = "series_exceptions"
        case seriesUnknownOccurrence = "series_unknown_occurrence"
        case seriesIdentifier = "series_identifier"
        case workdayTable = "workday_table"
        case calendarAddress = "calendar_address"
        case calendarLink = "calendar_link"
        case calendarZone = "calendar_zone"
        case replyTooLong = "reply_too_long"
        case replyMalformed = "reply_malformed"
        case replyMethod = "reply_method"
        case replyAttendee = "reply_attendee"
    }

    public enum Language: Sendable { case chinese, english }

    public let code: Code
    /// The part of the input that is refused, without control characters, at most `subjectLength` characters.
    public let subject: String

    /// Enough to recognise a value by; more would let a stranger fill a log line.
    static let subjectLength = 60

    public init(_ code: Code) { self.init(code, "") }

    init(_ code: Code, _ subject: some StringProtocol) {
        self.code = code
        self.subject = String(
            String.UnicodeScalarView(
                subject.unicodeScalars.prefix(Self.subjectLength).map { $0.properties.isPrintable ? $0 : "?" }))
    }

    public var description: String { "\(code.rawValue): \(text(in: .english))" }

    /// One sentence that says what to do.
    public func text(in language: Language) -> String {
        let (chinese, english) = words
        let sentence = language == .chinese ? chinese : english
        if subject.isEmpty { return sentence }
        return language == .chinese ? "\(sentence)（\(subject)）" : "\(sentence) (\(subject))"
    }

    private var words: (chinese: String, english: String) {
        switch code {
        case .dateMalformed:
            ("请按 2026-11-21 或 2026-11-21T15:00:00 的格式填写日期", "Write a date as 2026-11-21 or 2026-11-21T15:00:00")
        case .dateRange: ("日期须在 1900 年至 2200 年之间", "Choose a date from 1900 to 2200")
        case .zoneName: ("请填写时区名，例如 Asia/Shanghai", "Name a time zone as in Asia/Shanghai")
        case .zoneUnknown: ("没有这个时区，请另选一个", "There is no such time zone; choose another")
        case .zoneFile: ("服务器的时区文件无法读取，请管理员重装 tzdata", "The server's time zone file is unreadable; reinstall tzdata")
        case .workdayTable:
            (
                "请检查工作日表：每年 off 和 work 两个日期列表，日期为月-日",
                "Check the workday table: for each year the lists off and work, dates as MM-DD"
            )
        default: ruleWords ?? meetingWords
        }
    }

    private var ruleWords: (chinese: String, english: String)? {
        switch code {
        case .ruleTooLong: ("重复规则太长，请简化", "The recurrence rule is too long; simplify it")
        case .ruleMalformed: ("重复规则须为以分号隔开的“名=值”", "Write the recurrence rule as NAME=VALUE parts between semicolons")
        case .rulePartRepeated: ("重复规则中每个部分只能出现一次", "Write each part of the recurrence rule once")
        case .rulePartUnknown: ("重复规则中没有这个部分，请删去", "Remove this unknown part of the recurrence rule")
        case .rulePartUnsupported: ("不支持重复规则的这个部分，请删去", "Remove this part of the recurrence rule; it is not supported")
        case .ruleFrequencyMissing: ("请填写重复频率 FREQ", "Say how often it recurs with FREQ")
        case .ruleFrequencyUnsupported:
            ("频率只能是每天、每周、每月或每年", "Choose DAILY, WEEKLY, MONTHLY or YEARLY as the frequency")
        case .ruleIntervalRange: ("间隔须为 1 至 99", "Choose an interval from 1 to 99")
        case .ruleCountRange: ("次数须为 1 至 200", "Choose a count from 1 to 200")
        case .ruleUntilForm: ("UNTIL 须为 UTC 时间，例如 20261231T155959Z", "Write UNTIL in UTC, as in 20261231T155959Z")
        case .ruleCountAndUntil: ("COUNT 和 UNTIL 只能填一个", "Use COUNT or UNTIL, not both")
        case .ruleDayValue: ("BYDAY 须为 MO 至 SU，可带序数", "Write BYDAY as MO to SU, with an ordinal where one is needed")
        case .ruleDayOrdinal:
            ("序数只用于每月（1 至 5）或每年（1 至 53）的 BYDAY", "Use ordinals of BYDAY with MONTHLY (1 to 5) or YEARLY (1 to 53) only")
        case .ruleMonthDayRange: ("BYMONTHDAY 须为 1 至 31 或 -1", "Choose BYMONTHDAY from 1 to 31, or -1")
        case .ruleMonthDayWeekly: ("每周重复不能使用 BYMONTHDAY", "Remove BYMONTHDAY from a weekly rule")
        case .ruleMonthRange: ("BYMONTH 须为 1 至 12", "Choose BYMONTH from 1 to 12")
        case .rulePositionRange: ("BYSETPOS 须为 1 至 31 或 -1 至 -31", "Choose BYSETPOS from 1 to 31 or from -1 to -31")
        case .rulePositionContext: ("BYSETPOS 只能与每月重复的 BYDAY 一起使用", "Use BYSETPOS only with MONTHLY and BYDAY")
        case .ruleWeekStart: ("WKST 须为 MO 至 SU", "Choose WKST from MO to SU")
        case .ruleListLength: ("列表太长，请简化", "The list is too long; simplify it")
        default: nil
        }
    }

    private var meetingWords: (chinese: String, english: String) {
        switch code {
        case .seriesEmpty: ("这个重复规则没有任何一次会议，请修改", "The recurrence rule gives no meeting at all; change it")
        case .seriesDuration: ("时长须为 5 分钟至 24 小时", "Choose a duration from 5 minutes to 24 hours")
        case .seriesExceptions: ("单独改动的次数太多，请新建一个会议", "Too many single changes; book a new meeting")
        case .seriesUnknownOccurrence: ("系列中没有这一次会议，请刷新后再试", "The series has no such occurrence; reload and try again")
        case .seriesIdentifier: ("会议标识只能用字母、数字和 . _ @ -", "Use letters, digits and . _ @ - in the identifier")
        case .calendarAddress: ("请检查邮箱地址", "Check the mail address")
        case .calendarLink:
            ("链接须以 https:// 或 http:// 开头且不含空格", "Use a link that begins with https:// or http:// and has no spaces")
        case .calendarZone: ("同一日历中的时区规则不一致", "One calendar cannot hold two different zones of one name")
        case .replyTooLong: ("回复太长，无法读取", "The reply is too long to read")
        case .replyMalformed: ("回复不是有效的日历文件", "The reply is not a valid calendar object")
        case .replyMethod: ("只处理 METHOD:REPLY 的回复", "Send a calendar object with METHOD:REPLY")
        case .replyAttendee: ("回复须有一位参会人及接受、拒绝或暂定", "Name one attendee who accepts, declines or is tentative")
        default: ("请检查输入", "Check the input")
        }
    }
}

extension Unicode.Scalar.Properties {
    /// No control, format, line or paragraph separator, surrogate or unassigned character.
    var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
        default: true
        }
    }
}
