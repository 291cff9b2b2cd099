// The rights matrix: every role, domain and mode against every action, inside, outside and above the scope; and what no
// row of it says: last super admins, expiry, escalation.

import Testing

@testable import Directory

@Suite struct AdministrationTests {
    private static let now: Int64 = 1_800_000_000

    /// Where the target lies for a sub-admin of boutique X.
    private enum Place: CaseIterable {
        case insideDepartment, insideMember, insideMeeting, outsideDepartment, outsideMember, outsideMeeting, above
        case organisation, gone

        var target: AdminTarget {
            switch self {
            case .insideDepartment: .department(Company.salesOfX)
            case .insideMember: .member(id("x2"))
            case .insideMeeting: .belonging(to: id("x1"))
            case .outsideDepartment: .department(Company.boutiqueY)
            case .outsideMember: .member(id("y1"))
            case .outsideMeeting: .belonging(to: id("y1"))
            case .above: .department(Company.boutiques)
            case .organisation: .organisation
            case .gone: .member(id("gone"))
            }
        }

        var isInside: Bool {
            switch self {
            case .insideDepartment, .insideMember, .insideMeeting: true
            default: false
            }
        }
    }

    private enum Role: CaseIterable {
        case superAdmin, subAdminOfAll, subAdminOfX, groupOfX, service, member, disabled, stranger
    }

    private static let actions: [AdminAction] =
        AdminDomain.allCases.map { .read($0) } + AdminDomain.allCases.map { .write($0) }
        + [.readPhones, .manageAdministration]

    private func setting(
        _ role: Role, _ domain: AdminDomain, _ mode: AdminMode
    ) -> (administration: Administration, actor: AdminActor) {
        var administration = Administration(superAdmin: id("boss"))
        let permissions = Permissions([domain], mode)
        switch role {
        case .superAdmin: return (administration, .member(id("boss")))
        case .subAdminOfAll:
            administration.grants = [AdminGrant(id("hr1"), scope: .all, rights: .own(permissions))]
            return (administration, .member(id("hr1")))
        case .subAdminOfX:
            administration.grants = [
                AdminGrant(id("hr1"), scope: .department(Company.boutiqueX), rights: .own(permissions))
            ]
            return (administration, .member(id("hr1")))
        case .groupOfX:
            administration.groups = [AdminGroup(id: "g", names: BilingualName(zh: "组"), permissions: permissions)]
            administration.grants = [
                AdminGrant(id("hr1"), scope: .department(Company.boutiqueX), rights: .group("g"))
            ]
            return (administration, .member(id("hr1")))
        case .service:
            return (
                administration,
                .service(ServiceGrant(id: "s", provider: "屏幕公司", permissions: permissions, issuedAt: Self.now))
            )
        case .member: return (administration, .member(id("x1")))
        case .disabled:
            administration.grants = [AdminGrant(id("off"), scope: .all, rights: .own(permissions))]
            return (administration, .member(id("off")))
        case .stranger: return (administration, .member(id("stranger")))
        }
    }

    /// The table in words, written apart from the code.
    private func expected(
        _ role: Role, _ domain: AdminDomain, _ mode: AdminMode, _ action: AdminAction, _ place: Place
    ) -> Bool {
        let reaches: Bool
        switch role {
        case .superAdmin: return true
        case .member, .disabled, .stranger: return false
        case .subAdminOfAll, .service: reaches = true
        case .subAdminOfX, .groupOfX: reaches = place.isInside
        }
        switch action {
        case .read(let read): return read == domain && reaches
        case .write(let written):
            if role == .service && domain == .members { return false }
            return written == domain && mode == .readWrite && reaches
        case .readPhones: return domain == .members && reaches && role != .service
        case .manageAdministration: return false
        }
    }

    private func directory() throws -> DirectorySnapshot {
        try DirectorySnapshot(
            departments: Company.departments,
            members: Company.members + [person("off", in: 1, enabled: false), person("both", in: 12, 11)])
    }

    @Test func everyRoleDomainModeActionAndPlaceIsAsTheTableSays() throws {
        let directory = try directory()
        var rows = 0
        var allowed = 0
        for role in Role.allCases {
            for domain in AdminDomain.allCases {
                for mode in AdminMode.allCases {
                    let (administration, actor) = setting(role, domain, mode)
                    for action in Self.actions {
                        for place in Place.allCases {
                            let may = administration.may(
                                actor, action, on: place.target, in: directory, at: Self.now)
                            #expect(
                                may == expected(role, domain, mode, action, place),
                                "\(role) \(domain) \(mode) \(action) \(place)")
                            rows += 1
                            if may { allowed += 1 }
                        }
                    }
                }
            }
        }
        #expect(rows == 8 * 6 * 2 * 14 * 9)
        #expect(allowed > 1_000 && allowed < rows / 2)
    }

    @Test func refusalsSayWhy() throws {
        let directory = try directory()
        func why(_ role: Role, _ domain: AdminDomain, _ mode: AdminMode, _ action: AdminAction, _ place: Place)
            -> AdminRefusal?
        {
            let (administration, actor) = setting(role, domain, mode)
            return administration.refusal(of: action, by: actor, on: place.target, in: directory, at: Self.now)
        }
        #expect(why(.member, .members, .readWrite, .read(.members), .insideMember) == .notAnAdministrator)
        #expect(why(.disabled, .members, .readWrite, .read(.members), .insideMember) == .notAnAdministrator)
        #expect(why(.subAdminOfX, .live, .readWrite, .read(.members), .insideMember) == .domainNotGranted)
        #expect(why(.subAdminOfX, .members, .readOnly, .write(.members), .insideMember) == .readOnly)
        #expect(why(.subAdminOfX, .members, .readWrite, .write(.members), .outsideMember) == .outsideScope)
        #expect(why(.subAdminOfAll, .members, .readWrite, .manageAdministration, .organisation) == .superAdminsOnly)
        #expect(why(.service, .members, .readOnly, .readPhones, .insideMember) == .phonesNotGranted)
        #expect(Set(AdminRefusal.allCases.flatMap { [$0.text(in: .zh), $0.text(in: .en)] }).count == 14)
    }

    @Test func aMemberOfTwoDepartmentsIsReadFromBothAndChangedFromHisMainOne() throws {
        let directory = try directory()
        let (administration, actor) = setting(.subAdminOfX, .members, .readWrite)
        let both = AdminTarget.member(id("both"))
        #expect(administration.may(actor, .read(.members), on: both, in: directory, at: Self.now))
        #expect(!administration.may(actor, .write(.members), on: both, in: directory, at: Self.now))
    }

    @Test func onlySuperAdminsChangeAdministrators() throws {
        let directory = try directory()
        var (administration, actor) = setting(.subAdminOfAll, .members, .readWrite)
        administration.grants.append(
            AdminGrant(id("x1"), scope: .department(Company.boutiqueX), rights: .own(Permissions([.live], .readOnly))))
        for admin in ["boss", "x1", "hr1"] {
            let refusal = administration.refusal(
                of: .write(.members), by: actor, on: .member(id(admin)), in: directory, at: Self.now)
            #expect(refusal == .superAdminsOnly)
            #expect(
                administration.may(
                    .member(id("boss")), .write(.members), on: .member(id(admin)), in: directory, at: Self.now))
        }
    }

    @Test func severalGrantsAddUpAndDoNotMix() throws {
        let directory = try directory()
        var administration = Administration(superAdmin: id("boss"))
        administration.grants = [
            AdminGrant(id("hr1"), scope: .all, rights: .own(Permissions([.members], .readOnly))),
            AdminGrant(
                id("hr1"), scope: .department(Company.boutiqueX), rights: .own(Permissions([.members], .readWrite))),
            AdminGrant(id("hr1"), scope: .department(Company.boutiqueY), rights: .group("gone")),
        ]
        let actor = AdminActor.member(id("hr1"))
        func why(_ action: AdminAction, _ account: String) -> AdminRefusal? {
            administration.refusal(of: action, by: actor, on: .member(id(account)), in: directory, at: Self.now)
        }
        #expect(why(.write(.members), "x1") == nil)
        #expect(why(.read(.members), "y1") == nil)
        #expect(why(.write(.members), "y1") == .readOnly)
    }

    @Test func aServiceGrantEnds() throws {
        let directory = try directory()
        let administration = Administration(superAdmin: id("boss"))
        var grant = ServiceGrant(
            id: "s", provider: "p", permissions: Permissions([.devices], .readWrite), issuedAt: Self.now)
        func may(at time: Int64) -> Bool {
            administration.may(.service(grant), .write(.devices), on: .organisation, in: directory, at: time)
        }
        #expect(grant.expiresAt == Self.now + 30 * 86_400)
        #expect(may(at: Self.now) && may(at: grant.expiresAt - 1))
        #expect(!may(at: grant.expiresAt) && !may(at: Self.now - 1))
        grant.isRevoked = true
        #expect(!may(at: Self.now))
        let long = ServiceGrant(
            id: "s", provider: "p", permissions: Permissions([:]), issuedAt: Self.now, days: .max)
        #expect(long.expiresAt == Self.now + 366 * 86_400)
        #expect(
            ServiceGrant(
                id: "s", provider: "p", permissions: Permissions([:]), issuedAt: .max
            ).isValid(at: .max) == false)
    }

    @Test func theLastSuperAdminStays() throws {
        let directory = try directory()
        var administration = Administration(superAdmin: id("boss"))
        #expect(throws: AdministrationError.lastSuperAdmin) {
            try administration.removeSuperAdmin(id("boss"), in: directory)
        }
        #expect(throws: AdministrationError.noSuchMember) {
            try administration.addSuperAdmin(id("off"), in: directory)
        }
        try administration.addSuperAdmin(id("hr1"), in: directory)
        #expect(administration.canLose(id("boss"), in: directory) && administration.canLose(id("x1"), in: directory))
        try administration.removeSuperAdmin(id("boss"), in: directory)
        #expect(administration.superAdmins == [id("hr1")])
        #expect(!administration.canLose(id("hr1"), in: directory))
    }
}
