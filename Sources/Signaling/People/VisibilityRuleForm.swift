// A visibility rule as JSON, in the store and over HTTP.

import Directory

struct PeopleSelectionForm: Codable, Equatable {
    var everyone: Bool?
    var departments: [Int64]?
    var members: [String]?
    var tags: [String]?

    init(_ selection: PeopleSelection) {
        everyone = selection.everyone ? true : nil
        departments = selection.departments.isEmpty ? nil : selection.departments.map(\.number).sorted()
        members = selection.members.isEmpty ? nil : selection.members.map(\.text).sorted()
        tags = selection.tags.isEmpty ? nil : selection.tags.sorted()
    }

    func selection() throws -> PeopleSelection {
        PeopleSelection(
            everyone: everyone ?? false, departments: Set((departments ?? []).map { DepartmentID($0) }),
            members: Set(try (members ?? []).map(AccountID.read)), tags: Set(tags ?? []))
    }
}

struct VisibilityRuleForm: Codable, Equatable {
    enum Effect: String, Codable {
        case seesNobody = "sees_nobody"
        case seesOwnDepartments = "sees_own_departments"
        case isHidden = "is_hidden"
        case isSeenOnlyBy = "is_seen_only_by"
        case hidesFields = "hides_fields"
    }

    var subjects: PeopleSelectionForm
    var exceptions: PeopleSelectionForm?
    var effect: Effect
    /// Whom `sees_own_departments` lets see besides, and who `is_seen_only_by`.
    var people: PeopleSelectionForm?
    /// Of `hides_fields`, as below.
    var fields: [String]?
    var audience: String?

    init(_ rule: VisibilityRule) {
        subjects = PeopleSelectionForm(rule.subjects)
        exceptions = rule.exceptions == .nobody ? nil : PeopleSelectionForm(rule.exceptions)
        switch rule.effect {
        case .seesNobody: effect = .seesNobody
        case .seesOwnDepartments(let more):
            effect = .seesOwnDepartments
            people = PeopleSelectionForm(more)
        case .isHidden: effect = .isHidden
        case .isSeenOnly(let viewers):
            effect = .isSeenOnlyBy
            people = PeopleSelectionForm(viewers)
        case .hidesFields(let hidden, let from):
            effect = .hidesFields
            fields = hidden.map(\.rawValue).sorted()
            audience = from.rawValue
        }
    }

    func rule() throws -> VisibilityRule {
        let people = try people?.selection() ?? .nobody
        let ruleEffect: VisibilityRule.Effect
        switch effect {
        case .seesNobody: ruleEffect = .seesNobody
        case .seesOwnDepartments: ruleEffect = .seesOwnDepartments(andAlso: people)
        case .isHidden: ruleEffect = .isHidden
        case .isSeenOnlyBy: ruleEffect = .isSeenOnly(by: people)
        case .hidesFields:
            let hidden = (fields ?? []).compactMap(MemberField.init)
            guard hidden.count == fields?.count, let from = audience.flatMap(VisibilityRule.Audience.init) else {
                throw DamagedRow()
            }
            ruleEffect = .hidesFields(Set(hidden), from: from)
        }
        return VisibilityRule(
            try subjects.selection(), except: try exceptions?.selection() ?? .nobody, ruleEffect)
    }
}
