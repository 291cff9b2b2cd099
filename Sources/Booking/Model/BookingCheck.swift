// The rule of each field of a booking. A check collects what is wrong and goes on, so that a form is answered once.

import Directory
import Scheduling

struct BookingCheck {
    let organiser: Member
    let context: BookingContext
    private let sight: Sight
    private(set) var errors: [BookingFieldError] = []

    init(organiser: Member, context: BookingContext) {
        self.organiser = organiser
        self.context = context
        sight = Sight(of: organiser, under: context.visibility, in: context.directory)
    }

    /// In the order of the fields, each field's own in the order found.
    var sortedErrors: [BookingFieldError] {
        BookingField.allCases.flatMap { field in errors.filter { $0.field == field } }
    }

    mutating func fail(_ field: BookingField, _ code: BookingFieldError.Code, limit: String = "") {
        let error = BookingFieldError(field, code, limit: limit)
        if !errors.contains(error) { errors.append(error) }
    }

    // MARK: Texts and choices

    /// One line without control characters and white space around it.
    mutating func line(
        _ text: String, _ field: BookingField, atMost characters: Int, required: Bool = false
    ) -> String {
        let line = self.text(text, field, atMost: characters)
        if line.contains(where: \.isNewline) { fail(field, .badCharacter) }
        if required, text.allSatisfy(\.isWhitespace) { fail(field, .required) }
        return line
    }

    /// Lines end with `\n`.
    mutating func text(_ text: String, _ field: BookingField, atMost characters: Int) -> String {
        // Bytes first: a text of unknown length is not walked character by character.
        guard text.utf8.count <= 2 * characters * BookingLimits.bytesPerCharacter else {
            fail(field, .tooLong, limit: String(characters))
            return ""
        }
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
        let trimmed = lines.joined(separator: "\n").trimmed
        guard trimmed.count <= characters, trimmed.utf8.count <= characters * BookingLimits.bytesPerCharacter else {
            fail(field, .tooLong, limit: String(characters))
            return ""
        }
        guard lines.allSatisfy({ TextRules.isClean(String($0.filter { $0 != "\t" })) }) else {
            fail(field, .badCharacter)
            return ""
        }
        return trimmed
    }

    /// Nil for an empty text, and for one that is none of the values.
    mutating func choice<Value: RawRepresentable<String>>(_ text: String, _ field: BookingField) -> Value? {
        if text.isEmpty { return nil }
        guard text.utf8.count <= 64, let value = Value(rawValue: text) else {
            fail(field, .unknownValue)
            return nil
        }
        return value
    }

    // MARK: Times

    mutating func times(
        of draft: BookingDraft, kind: MeetingKind, isNew: Bool, at now: UTCTime
    ) -> BookingTimes? {
        var draft = draft
        if kind == .personalRoom {
            for (field, isGiven) in [
                (BookingField.start, !draft.start.isEmpty), (.minutes, draft.minutes != nil),
                (.rule, !draft.rule.isEmpty || draft.onWorkdays), (.rooms, !draft.rooms.isEmpty),
            ] where isGiven { fail(field, .notAllowed) }
            return nil
        }
        let zone: Zone
        do throws(SchedulingError) {
            zone = try context.zone(draft.zone)
        } catch {
            errors.append(BookingFieldError(.zone, error))
            return nil
        }
        var start: CivilDateTime?
        if kind == .instant {
            if !draft.start.isEmpty, isNew { fail(.start, .notAllowed) }
            draft.minutes = draft.minutes ?? BookingLimits.instantMinutes
            if draft.start.isEmpty { start = zone.local(now) }
        }
        if start == nil { start = self.start(draft.start) }
        let minutes = draft.minutes ?? 0
        let isLengthGood = BookingLimits.minutes.contains(minutes)
        if draft.minutes == nil {
            fail(.minutes, .required)
        } else if !isLengthGood {
            fail(.minutes, .outOfRange, limit: "5–1440")
        }
        let rule = rule(of: draft, kind: kind)
        guard let start else { return nil }
        if isNew, kind != .instant, zone.utc(start) <= now { fail(.start, .inThePast) }
        guard isLengthGood, rule != nil || kind != .recurring else { return nil }
        let plan = Series.Plan(start: start, minutes: minutes, rule: rule)
        check(plan, in: zone)
        return BookingTimes(zone: zone, plan: plan)
    }

    private mutating func start(_ text: String) -> CivilDateTime? {
        if text.isEmpty {
            fail(.start, .required)
            return nil
        }
        do throws(SchedulingError) {
            return try CivilDateTime(text)
        } catch {
            errors.append(BookingFieldError(.start, error))
            return nil
        }
    }

    private mutating func rule(of draft: BookingDraft, kind: MeetingKind) -> RecurrenceRule? {
        guard kind == .recurring else {
            if !draft.rule.isEmpty || draft.onWorkdays { fail(.rule, .notAllowed) }
            return nil
        }
        if draft.rule.isEmpty {
            fail(.rule, .required)
            return nil
        }
        do throws(SchedulingError) {
            let rule = try RecurrenceRule(draft.rule)
            guard draft.onWorkdays else { return rule }
            return try RecurrenceRule(
                rule.frequency, interval: rule.interval, end: rule.end, days: rule.days, monthDays: rule.monthDays,
                months: rule.months, positions: rule.positions, weekStart: rule.weekStart, isOnWorkdays: true)
        } catch {
            errors.append(BookingFieldError(.rule, error))
            return nil
        }
    }

    /// A rule must give one occurrence at least.
    private mutating func check(_ plan: Series.Plan, in zone: Zone) {
        do throws(SchedulingError) {
            let series = try Series(
                identifier: "draft", zone: zone, start: plan.start, minutes: plan.minutes, rule: plan.rule)
            let gives = series.originals(workdays: context.workdays, limits: .search).contains { _ in true }
            if !gives { throw SchedulingError(.seriesEmpty) }
        } catch {
            errors.append(BookingFieldError(.rule, error))
        }
    }

    // MARK: People

    /// Enabled members whom the organiser may see.
    mutating func people(_ accounts: [String], _ field: BookingField) -> [AccountID] {
        guard accounts.count <= BookingLimits.invited else {
            fail(field, .tooMany, limit: String(BookingLimits.invited))
            return []
        }
        let found = accounts.compactMap { text in
            AccountID(text).flatMap { context.directory[$0] }.flatMap {
                $0.enabled && sight.sees($0) ? $0.account : nil
            }
        }
        if found.count < accounts.count { fail(field, .unknownPerson) }
        if Set(found).count < found.count { fail(field, .repeated) }
        return found
    }

    mutating func invitees(of draft: BookingDraft) -> Invitees {
        let departments = draft.departments.prefix(BookingLimits.departments + 1).map { DepartmentID($0) }
        if departments.count > BookingLimits.departments {
            fail(.departments, .tooMany, limit: String(BookingLimits.departments))
        }
        if !departments.allSatisfy(context.directory.tree.contains) { fail(.departments, .unknownDepartment) }
        if Set(departments).count < departments.count { fail(.departments, .repeated) }
        let invitees = Invitees(
            members: Set(people(draft.members, .members)), departments: Set(departments),
            outside: outside(draft.outside),
            rooms: rooms(draft.rooms))
        let count = invitees.accounts(in: context.directory).count + invitees.outside.count
        if count > BookingLimits.invited { fail(.members, .tooMany, limit: String(BookingLimits.invited)) }
        return invitees
    }

    private mutating func outside(_ people: [BookingDraft.OutsidePerson]) -> [OutsideContact: String] {
        if people.isEmpty { return [:] }
        guard context.policy.mayMeetOutside(organiser) else {
            fail(.outside, .notAllowed)
            return [:]
        }
        guard people.count <= BookingLimits.invited else {
            fail(.outside, .tooMany, limit: String(BookingLimits.invited))
            return [:]
        }
        var found: [OutsideContact: String] = [:]
        for person in people {
            guard let name = try? GuestName(person.name), let contact = contact(of: person) else {
                fail(.outside, .badContact)
                continue
            }
            if found.updateValue(name.text, forKey: contact) != nil { fail(.outside, .repeated) }
        }
        return found
    }

    /// The mail address, if there is one, since an invitation fits into it.
    private func contact(of person: BookingDraft.OutsidePerson) -> OutsideContact? {
        if person.mail.isEmpty { return PhoneNumber(person.phone).map { .phone($0) } }
        // Calendars take fewer addresses than the directory.
        return EmailAddress(person.mail).flatMap {
            CalendarPerson.isWellFormed(address: $0.text) ? .mail($0) : nil
        }
    }

    private mutating func rooms(_ texts: [String]) -> Set<RoomID> {
        guard texts.count <= BookingLimits.rooms else {
            fail(.rooms, .tooMany, limit: String(BookingLimits.rooms))
            return []
        }
        let found = texts.compactMap { RoomID($0) }.filter {
            context.rooms[$0]?.isOpen(to: organiser, in: context.directory) ?? false
        }
        if found.count < texts.count { fail(.rooms, .unknownRoom) }
        if Set(found).count < found.count { fail(.rooms, .repeated) }
        return Set(found)
    }

    // MARK: Settings

    mutating func settings(of draft: BookingDraft) -> MeetingSettings {
        var settings = MeetingSettings()
        if !draft.password.isEmpty {
            settings.password = MeetingPassword(typed: draft.password)
            if settings.password == nil { fail(.password, .badDigits, limit: "4–6") }
        }
        if !draft.hostKey.isEmpty {
            settings.hostKey = HostKey(typed: draft.hostKey)
            if settings.hostKey == nil { fail(.hostKey, .badDigits, limit: "6") }
        }
        settings.waitingRoom = choice(draft.waitingRoom, .waitingRoom) ?? settings.waitingRoom
        settings.muteOnEntry = choice(draft.muteOnEntry, .muteOnEntry) ?? settings.muteOnEntry
        settings.allowSelfUnmute = draft.allowSelfUnmute
        settings.sharing = choice(draft.sharing, .sharing) ?? settings.sharing
        settings.chat = choice(draft.chat, .chat) ?? settings.chat
        settings.selfRename = draft.selfRename
        settings.succession = choice(draft.succession, .succession) ?? settings.succession
        settings.restriction = choice(draft.restriction, .restriction) ?? settings.restriction
        settings.early = choice(draft.early, .early) ?? settings.early
        settings.hostless = choice(draft.hostless, .hostless) ?? settings.hostless
        settings.recording = choice(draft.recording, .recording) ?? settings.recording
        settings.live = choice(draft.live, .live)
        settings.watermark = choice(draft.watermark, .watermark) ?? settings.watermark
        settings.reminderScope = choice(draft.reminderScope, .reminderScope) ?? settings.reminderScope
        settings.preset = choice(draft.preset, .preset)
        settings.isSilent = draft.isSilent
        settings.isUrgent = draft.isUrgent
        settings.reminders = Set(draft.reminders.prefix(BookingLimits.reminders.count + 1))
        if !settings.reminders.isSubset(of: BookingLimits.reminders) || draft.reminders.count > settings.reminders.count
        {
            fail(.reminders, .outOfRange, limit: "0, 5, 15, 60, 1440")
        }
        if draft.ringing.count > BookingLimits.ringing {
            fail(.ringing, .tooMany, limit: String(BookingLimits.ringing))
        } else {
            settings.ringing = Set(people(draft.ringing, .ringing))
        }
        if settings.restriction == .organisation, !draft.outside.isEmpty { fail(.outside, .notAllowed) }
        settings.maxParticipants =
            draft.maxParticipants ?? settings.preset?.maximumParticipants ?? settings.maxParticipants
        if !(2...BookingLimits.mostParticipants).contains(settings.maxParticipants) {
            fail(.maxParticipants, .outOfRange, limit: "2–\(BookingLimits.mostParticipants)")
        }
        return settings
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }
}
