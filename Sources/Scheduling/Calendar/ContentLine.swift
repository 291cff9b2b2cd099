// The lines of an iCalendar object (RFC 5545, 3.1): a name, parameters, a value, folded. All that people wrote enters a
// calendar here, and here it loses whatever could begin a line or a parameter of its own.

/// Lines in the order they are written in.
struct CalendarText {
    /// Octets of a line, its end not counted (RFC 5545, 3.1).
    static let lineLength = 75

    private(set) var text = ""

    /// Appends a line. The value is written as it is: text comes through `escaped`, links through `link`.
    mutating func add(_ name: String, _ parameters: [(name: String, value: String)] = [], _ value: String) {
        var line = name
        for parameter in parameters { line += ";\(parameter.name)=\(parameter.value)" }
        fold(line + ":" + value)
    }

    /// A component between its BEGIN and END.
    mutating func component(
        _ name: String, _ body: (inout CalendarText) throws(SchedulingError) -> Void
    ) throws(SchedulingError) {
        add("BEGIN", [], name)
        try body(&self)
        add("END", [], name)
    }

    /// Cut between characters of Unicode, as not every reader joins bytes before it decodes them.
    private mutating func fold(_ line: String) {
        var length = 0
        for scalar in line.unicodeScalars {
            let width = UTF8.width(scalar)
            if length + width > Self.lineLength {
                text += "\r\n "
                length = 1
            }
            text.unicodeScalars.append(scalar)
            length += width
        }
        text += "\r\n"
    }

    /// A value of the type TEXT (RFC 5545, 3.3.11), cut after `most` characters. Line ends of all kinds become `\n`,
    /// other control characters are left out.
    static func escaped(_ text: String, most: Int) -> String {
        var result = ""
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars.prefix(most) {
            defer { previous = scalar }
            switch scalar {
            case "\\": result += "\\\\"
            case ";": result += "\\;"
            case ",": result += "\\,"
            case "\n" where previous == "\r": break
            case "\r", "\n", "\u{0b}", "\u{0c}", "\u{85}", "\u{2028}", "\u{2029}": result += "\\n"
            case "\t": result += " "
            default: if scalar.properties.generalCategory != .control { result.unicodeScalars.append(scalar) }
            }
        }
        return result
    }

    /// A parameter's value in quotes (RFC 5545, 3.2). Quotes cannot be written in one and become single ones; RFC 6868
    /// would have a way, but few calendars know it.
    static func quoted(_ text: String, most: Int) -> String {
        var result = "\""
        for scalar in text.unicodeScalars.prefix(most) {
            switch scalar {
            case "\"": result += "'"
            case "\u{2028}", "\u{2029}": result += " "
            default:
                if scalar.properties.generalCategory == .control {
                    result += " "
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }

    /// A link that needs no escaping.
    static func link(_ text: String) throws(SchedulingError) -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !#""<>\^`{|}"#.utf8.contains($0) }
        guard isPlain, text.utf8.count <= 2_000, text.hasPrefix("https://") || text.hasPrefix("http://") else {
            throw SchedulingError(.calendarLink, text)
        }
        return text
    }
}
