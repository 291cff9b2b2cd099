// The invitation as plain text, to be pasted into a chat: topic, time, link, number, password.

public import Directory
public import Scheduling

extension BookedMeeting {
    /// Lines between line feeds, without one at the end.
    /// - Parameters:
    ///   - occurrence: which one is meant; nil for a personal room, and for the series as a whole when it has more.
    ///   - host: the name to show.
    ///   - beijing: the zone Asia/Shanghai, in which the time is always told.
    public func invitationText(
        in language: Language, occurrence: Series.Occurrence?, host: String, joinLink: String, beijing: Zone
    ) -> String {
        var lines: [String] = []
        switch language {
        case .zh:
            lines.append("\(Self.oneLine(host)) 邀请您参加会议")
            lines.append("会议主题：\(details.topic)")
        case .en:
            lines.append("\(Self.oneLine(host)) invites you to a meeting")
            lines.append("Topic: \(details.topic)")
        }
        if let interval = occurrence?.interval {
            let times = TimeText.range(interval, in: beijing, language)
            lines.append(language == .zh ? "会议时间：\(times)（北京时间）" : "Time: \(times) (Beijing time)")
            // Whoever booked in another zone meets people there.
            if let zone = series?.zone, zone.offset(at: interval.start) != beijing.offset(at: interval.start) {
                let there = TimeText.range(interval, in: zone, language)
                lines.append(language == .zh ? "当地时间：\(there)（\(zone.name)）" : "Local time: \(there) (\(zone.name))")
            }
        }
        switch language {
        case .zh:
            if details.kind == .recurring { lines.append("周期会议，使用同一会议号") }
            if !details.location.isEmpty { lines.append("地点：\(details.location)") }
            lines.append("点击链接入会：\(joinLink)")
            lines.append("会议号 \(number)")
            if let password = settings.password { lines.append("密码：\(password.text)") }
        case .en:
            if details.kind == .recurring { lines.append("Recurring, with the same number each time") }
            if !details.location.isEmpty { lines.append("Place: \(details.location)") }
            lines.append("Join: \(joinLink)")
            lines.append("Meeting number \(number)")
            if let password = settings.password { lines.append("Password: \(password.text)") }
        }
        return lines.joined(separator: "\n")
    }

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}

/// Times for people (3.7): `2026年11月21日 周六 15:00`, `Sat 21 Nov 2026, 15:00`.
enum TimeText {
    /// The end's date only where it is another one.
    static func range(_ interval: Interval, in zone: Zone, _ language: Language) -> String {
        let (start, end) = (zone.local(interval.start), zone.local(interval.end))
        let last = start.date == end.date ? time(end) : moment(end, language)
        return "\(moment(start, language))\(start.date == end.date ? "-" : " - ")\(last)"
    }

    private static func moment(_ local: CivilDateTime, _ language: Language) -> String {
        let date = local.date
        let day = date.weekday.rawValue
        return switch language {
        case .zh: "\(date.year)年\(date.month)月\(date.day)日 周\(weekdays.zh[day]) \(time(local))"
        case .en: "\(weekdays.en[day]) \(date.day) \(months[date.month - 1]) \(date.year), \(time(local))"
        }
    }

    private static func time(_ local: CivilDateTime) -> String { "\(twoDigits(local.hour)):\(twoDigits(local.minute))" }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }

    private static let weekdays = (
        zh: ["一", "二", "三", "四", "五", "六", "日"], en: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    )
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
