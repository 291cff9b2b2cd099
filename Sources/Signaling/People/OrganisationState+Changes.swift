// Changes of the organisation as pure steps: from one state to the next, with what has to be written for it. Each refuses
// what would leave the organisation broken. Whether somebody may ask for it is checked before, by `Administration`.

import Directory

/// What a change comes to. The state is in force once the write is on disk.
struct OrganisationChange: Sendable {
    var state: OrganisationState
    var write: OrganisationWrite
    /// What it is about, when that has its name only now: for the audit log.
    var subject: String?
}

extension OrganisationState {
    /// The state after departments and members became these, everything else as it is.
    private func changed(
        departments: [Department]? = nil, members: [Member]? = nil, _ write: OrganisationWrite
    ) throws(OrganisationRefusal) -> OrganisationChange {
        var next = self
        if departments != nil || members != nil {
            do {
                next.directory = try DirectorySnapshot(
                    departments: departments ?? directory.tree.departments, members: members ?? directory.members)
            } catch {
                throw .directory(error)
            }
        }
        next.revision += 1
        for member in write.members { next.revisions[member.account] = next.revision }
        for (account, epoch) in write.removedMembers {
            next.revisions[account] = nil
            next.formerEpochs[account] = epoch
        }
        if let created = write.departments.map(\.id.number).max() {
            next.nextDepartment = max(next.nextDepartment, created &+ 1)
        }
        if let grants = write.grants {
            next.grants = grants
            next.administration.grants = grants.map(\.grant)
        }
        if let groups = write.groups { next.administration.groups = groups }
        if let rules = write.rules { next.rules = rules }
        var write = write
        write.revision = next.revision
        write.nextDepartment = next.nextDepartment
        return OrganisationChange(state: next, write: write)
    }

    private func known(_ account: AccountID) throws(OrganisationRefusal) -> Member {
        guard let member = directory[account] else { throw .noSuchMember }
        return member
    }

    // MARK: Members

    /// As new, but above the epoch of a former member of that account.
    func renewed(_ member: Member) -> Member {
        var member = member
        member.epoch = max(member.epoch, formerEpochs[member.account] ?? 0)
        return member
    }

    func creating(_ member: Member) throws(OrganisationRefusal) -> OrganisationChange {
        guard directory[member.account] == nil else { throw .accountTaken }
        let member = renewed(member)
        var write = OrganisationWrite()
        write.members = [member]
        return try changed(members: directory.members + [member], write)
    }

    /// Takes the profile of `member`; whether he is enabled, his epoch and the spelling of his account stay.
    func updating(
        _ member: Member, ifMatch tag: String
    ) throws(OrganisationRefusal) -> OrganisationChange {
        let old = try known(member.account)
        guard tag == "*" || tag == entityTag(of: member.account) else { throw .changedMeanwhile }
        var member = member
        member.enabled = old.enabled
        member.epoch = old.epoch
        return try replacing(member)
    }

    private func replacing(
        _ member: Member, _ write: OrganisationWrite = OrganisationWrite()
    ) throws(OrganisationRefusal) -> OrganisationChange {
        var write = write
        write.members = [member]
        return try changed(members: directory.members.map { $0.account == member.account ? member : $0 }, write)
    }

    /// All that he holds is dead after it.
    func disabling(_ account: AccountID) throws(OrganisationRefusal) -> OrganisationChange {
        var member = try known(account)
        guard administration.canLose(account, in: directory) else { throw .lastSuperAdmin }
        member.enabled = false
        member.epoch += 1
        var write = OrganisationWrite()
        write.lockedOut = [account: member.epoch]
        return try replacing(member, write)
    }

    func enabling(_ account: AccountID) throws(OrganisationRefusal) -> OrganisationChange {
        var member = try known(account)
        member.enabled = true
        return try replacing(member)
    }

    func deleting(_ account: AccountID) throws(OrganisationRefusal) -> OrganisationChange {
        let member = try known(account)
        guard administration.canLose(account, in: directory) else { throw .lastSuperAdmin }
        var write = OrganisationWrite()
        write.removedMembers = [account: member.epoch + 1]
        write.lockedOut = write.removedMembers
        if grants.contains(where: { $0.grant.member == account }) {
            write.grants = grants.filter { $0.grant.member != account }
        }
        // Nobody is led by who is gone.
        write.members = directory.members.filter { $0.account != account && $0.directLeaders.contains(account) }
            .map { member in
                var member = member
                member.directLeaders.removeAll { $0 == account }
                return member
            }
        write.departments = directory.tree.departments.filter { $0.leaders.contains(account) }.map { department in
            var department = department
            department.leaders.removeAll { $0 == account }
            return department
        }
        let freed = Dictionary(uniqueKeysWithValues: write.members.map { ($0.account, $0) })
        let led = Dictionary(uniqueKeysWithValues: write.departments.map { ($0.id, $0) })
        var administration = administration
        if administration.superAdmins.contains(account) {
            do {
                try administration.removeSuperAdmin(account, in: directory)
            } catch {
                throw .lastSuperAdmin
            }
            write.superAdmins = administration.superAdmins
        }
        var change = try changed(
            departments: directory.tree.departments.map { led[$0.id] ?? $0 },
            members: directory.members.filter { $0.account != account }.map { freed[$0.account] ?? $0 }, write)
        administration.grants = change.state.administration.grants
        change.state.administration = administration
        return change
    }

    func importing(_ plan: ImportPlan) throws(OrganisationRefusal) -> OrganisationChange {
        let creates = plan.creates.map(renewed)
        let changes = Dictionary(uniqueKeysWithValues: plan.updates.map { ($0.account, $0) })
        var write = OrganisationWrite()
        write.departments = plan.newDepartments
        write.members = creates + plan.updates
        return try changed(
            departments: directory.tree.departments + plan.newDepartments,
            members: directory.members.map { changes[$0.account] ?? $0 } + creates, write)
    }

    // MARK: Departments

    func creating(_ department: Department) throws(OrganisationRefusal) -> OrganisationChange {
        var write = OrganisationWrite()
        write.departments = [department]
        var change = try changed(departments: directory.tree.departments + [department], write)
        change.subject = department.id.description
        return change
    }

    func updating(_ department: Department) throws(OrganisationRefusal) -> OrganisationChange {
        guard let old = directory.tree[department.id] else { throw .noSuchDepartment }
        if old.parent == nil && department.parent != nil { throw .rootDepartment }
        var write = OrganisationWrite()
        write.departments = [department]
        return try changed(
            departments: directory.tree.departments.map { $0.id == department.id ? department : $0 }, write)
    }

    /// Grants for it go with it.
    func deleting(_ id: DepartmentID) throws(OrganisationRefusal) -> OrganisationChange {
        guard let department = directory.tree[id] else { throw .noSuchDepartment }
        guard department.parent != nil else { throw .rootDepartment }
        guard directory.tree.isBottomLevel(id), directory.members(in: id).isEmpty else { throw .departmentInUse }
        var write = OrganisationWrite()
        write.removedDepartments = [id]
        let left = grants.filter { $0.grant.scope != .department(id) }
        if left.count < grants.count { write.grants = left }
        return try changed(departments: directory.tree.departments.filter { $0.id != id }, write)
    }

    // MARK: Administration

    func granting(_ grant: AdminGrant, id: String) throws(OrganisationRefusal) -> OrganisationChange {
        _ = try known(grant.member)
        if case .department(let department) = grant.scope, directory.tree[department] == nil {
            throw .noSuchDepartment
        }
        if case .group(let group) = grant.rights, !administration.groups.contains(where: { $0.id == group }) {
            throw .noSuchGroup
        }
        var write = OrganisationWrite()
        write.grants = grants + [KeptGrant(id: id, grant: grant)]
        return try changed(write)
    }

    func revoking(grant id: String) throws(OrganisationRefusal) -> OrganisationChange {
        guard grants.contains(where: { $0.id == id }) else { throw .noSuchGrant }
        var write = OrganisationWrite()
        write.grants = grants.filter { $0.id != id }
        return try changed(write)
    }

    func setting(_ group: AdminGroup) throws(OrganisationRefusal) -> OrganisationChange {
        var write = OrganisationWrite()
        write.groups = administration.groups.filter { $0.id != group.id } + [group]
        return try changed(write)
    }

    func removing(group id: String) throws(OrganisationRefusal) -> OrganisationChange {
        guard administration.groups.contains(where: { $0.id == id }) else { throw .noSuchGroup }
        guard !grants.contains(where: { $0.grant.rights == .group(id) }) else { throw .groupInUse }
        var write = OrganisationWrite()
        write.groups = administration.groups.filter { $0.id != id }
        return try changed(write)
    }

    func setting(superAdmin account: AccountID, _ isOne: Bool) throws(OrganisationRefusal) -> OrganisationChange {
        var administration = administration
        do throws(Directory.AdministrationError) {
            if isOne {
                try administration.addSuperAdmin(account, in: directory)
            } else {
                try administration.removeSuperAdmin(account, in: directory)
            }
        } catch {
            throw error == .lastSuperAdmin ? .lastSuperAdmin : .noSuchMember
        }
        var write = OrganisationWrite()
        write.superAdmins = administration.superAdmins
        var change = try changed(write)
        change.state.administration = administration
        return change
    }

    func setting(_ rules: [VisibilityRule]) throws(OrganisationRefusal) -> OrganisationChange {
        guard rules.count <= DirectoryLimits.visibilityRules else { throw .tooManyRules }
        var write = OrganisationWrite()
        write.rules = rules
        return try changed(write)
    }
}
