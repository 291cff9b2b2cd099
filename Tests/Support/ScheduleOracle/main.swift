// Says what the Scheduling module makes of rules, for tests in Python to judge: one JSON object a line in, one out.
// With `rule`, `start`, `zone` and `workdays` it answers starts or the refusal; with `local` it converts; with
// `calendar` it answers the invitation of a series.

import Foundation
import Scheduling

struct Question: Decodable {
    var rule: String?
    var start: String?
    var zone: String?
    var workdays: Bool?
    /// Follow the rule to the end of the search instead of the booking horizon.
    var search: Bool?
    /// Most starts that are printed.
    var most: Int?
    var local: [String]?
    var calendar: CalendarQuestion?
    var repeats: Int?
}

struct Answer: Encodable {
    var starts: [String]?
    var utc: [String]?
    var text: String?
    var code: String?
    var calendar: String?
    var nanoseconds: UInt64?
}

let folder = ZoneFolder()
var zones: [String: Zone] = [:]

@MainActor func zone(_ name: String) throws(SchedulingError) -> Zone {
    if let zone = zones[name] { return zone }
    let zone = try folder.zone(named: name)
    zones[name] = zone
    return zone
}

@MainActor func answer(_ question: Question) throws(SchedulingError) -> Answer {
    var answer = Answer()
    let zone = try zone(question.zone ?? "Etc/UTC")
    if let locals = question.local {
        var times: [String] = []
        for local in locals { times.append(zone.utc(try CivilDateTime(local)).description) }
        answer.utc = times
    }
    if let rule = question.rule, let start = question.start {
        let rule = try RecurrenceRule(rule, isOnWorkdays: question.workdays ?? false)
        let expansion = RuleExpansion(
            rule, start: try CivilDateTime(start), zone: zone, workdays: .china,
            limits: question.search == true ? .search : .booking)
        let clock = ContinuousClock()
        var starts: [CivilDateTime] = []
        var utc: [UTCTime] = []
        let spent = clock.measure {
            for _ in 0..<(question.repeats ?? 1) {
                starts = Array(expansion.prefix(question.most ?? 200))
                utc = starts.map { zone.utc($0) }
            }
        }
        answer.nanoseconds = UInt64(spent / .nanoseconds(1)) / UInt64(question.repeats ?? 1)
        answer.starts = starts.map(\.description)
        answer.utc = utc.map(\.description)
        answer.text = rule.text
    }
    if let calendar = question.calendar { answer.calendar = try calendar.text(zone) }
    return answer
}

let encoder = JSONEncoder()
encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
while let line = readLine() {
    let result: Answer
    do {
        result = try answer(try JSONDecoder().decode(Question.self, from: Data(line.utf8)))
    } catch let error as SchedulingError {
        result = Answer(code: error.code.rawValue)
    } catch {
        result = Answer(code: "question_malformed")
    }
    print(String(decoding: try encoder.encode(result), as: UTF8.self))
}
