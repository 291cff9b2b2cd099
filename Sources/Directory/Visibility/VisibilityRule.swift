// One rule of who sees whom (B7). `subjects` without `exceptions` are the people it is about.

public struct VisibilityRule: Sendable, Equatable {
    public enum Effect: Sendable, Equatable {
        /// The subjects see nobody but themselves.
        case seesNobody
        /// The subjects see their own departments and these people besides. Own is what the member is in and, when the
        /// rule names a department above it, all of that one: staff of a boutique's sales group see the whole boutique.
        case seesOwnDepartments(andAlso: PeopleSelection)
        /// Nobody sees the subjects.
        case isHidden
        /// Only these people see the subjects.
        case isSeenOnly(by: PeopleSelection)
        /// These fields of the subjects are left out for the audience. The name is no field that can be: who may be seen
        /// at all has one.
        case hidesFields(Set<MemberField>, from: Audience)
    }

    public enum Audience: String, Sendable, CaseIterable {
        case colleagues
        /// Guests, customers, members of linked organisations.
        case outside
    }

    public var subjects: PeopleSelection
    public var exceptions: PeopleSelection
    public var effect: Effect

    public init(_ subjects: PeopleSelection, except exceptions: PeopleSelection = .nobody, _ effect: Effect) {
        self.subjects = subjects
        self.exceptions = exceptions
        self.effect = effect
    }

    func isAbout(_ member: Member, in tree: DepartmentTree) -> Bool {
        subjects.contains(member, in: tree) && !exceptions.contains(member, in: tree)
    }
}
