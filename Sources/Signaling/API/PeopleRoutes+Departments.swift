// Departments, and whole files of people.

import Directory
import HTTPTypes
import Spreadsheet

extension PeopleRoutes {
    /// The one route here that takes more than a form.
    static let importPath = "/api/v1/imports"

    var departmentRoutes: [APIRoute] {
        [
            route(.get, "departments", "listDepartments", "The tree, from the root down.") { call in
                let directory = call.state.directory
                let sight = Sight(of: call.person.member, under: call.state.rules, in: directory)
                return try call.kept([
                    "departments": directory.tree.departments.map { department in
                        DepartmentForm(department) { directory[$0].map(sight.sees) ?? false }
                    }
                ])
            },
            route(
                .post, "departments", "createDepartment", "A new department.", rights: "members, write, of the parent",
                body: .department(isNew: true), status: .created, isRepeatable: true
            ) { try await createDepartment($0) },
            route(
                .patch, "departments/{id}", "updateDepartment", "Renames or moves a department, or names its leaders.",
                rights: "members, write, of both parents when it is moved", body: .department(isNew: false)
            ) { try await updateDepartment($0) },
            route(
                .delete, "departments/{id}", "deleteDepartment", "Deletes an empty department.",
                rights: "members, write", status: .noContent
            ) { call in
                let id = try call.department()
                try call.check(.write(.members), on: .department(id))
                return try await change(call, call.audit("department.delete", id.description)) { state in
                    try state.check(call.account, .write(.members), on: .department(id), at: call.now)
                    return (try state.deleting(id), call.nothing)
                }
            },
            route(
                .post, "imports", "importMembers",
                "Members from an .xlsx or .csv in the template's columns: all of it or nothing.",
                rights: "members, write, of all that the file changes",
                query: [.init("mode"), .init("dryRun", .boolean)], body: .file, isRepeatable: true
            ) { try await importFile($0) },
        ]
    }

    private func createDepartment(_ call: PeopleCall) async throws -> KeptAnswer {
        let body = try await call.body()
        let draft = try PeopleCall.fields(body) { fields in
            var draft = DepartmentDraft()
            fields.update(&draft)
            return draft
        }
        return try await change(call, key: try call.idempotencyKey(body), call.audit("department.create")) { state in
            // Without a parent it would be a second organisation.
            let parent = draft.parent ?? state.directory.tree.root.id
            try state.check(call.account, .write(.members), on: .department(parent), at: call.now)
            var draft = draft
            draft.parent = parent
            let department = try Self.validated(draft, as: DepartmentID(state.nextDepartment))
            return (
                try state.creating(department), try call.kept(DepartmentForm(department), status: 201)
            )
        }
    }

    private func updateDepartment(_ call: PeopleCall) async throws -> KeptAnswer {
        let id = try call.department()
        try call.check(.write(.members), on: .department(id))
        let body = try await call.body()
        return try await change(call, call.audit("department.update", id.description)) { state in
            try state.check(call.account, .write(.members), on: .department(id), at: call.now)
            guard let old = state.directory.tree[id] else { throw OrganisationRefusal.noSuchDepartment }
            let draft = try PeopleCall.fields(body) { fields in
                var draft = DepartmentDraft(old)
                fields.update(&draft)
                return draft
            }
            let department = try Self.validated(draft, as: id)
            if department.parent != old.parent {
                for parent in [old.parent, department.parent].compactMap(\.self) {
                    try state.check(call.account, .write(.members), on: .department(parent), at: call.now)
                }
            }
            return (try state.updating(department), try call.kept(DepartmentForm(department)))
        }
    }

    private static func validated(
        _ draft: DepartmentDraft, as id: DepartmentID
    ) throws(OrganisationRefusal) -> Department {
        do throws(InvalidFields) {
            return try draft.validated(as: id)
        } catch {
            throw .fields(error.errors)
        }
    }

    // MARK: Import

    private struct ImportForm: Encodable {
        var created: Int
        var updated: Int
        var unchanged: Int
        var departments: Int
        var dryRun: Bool
    }

    private func importFile(_ call: PeopleCall) async throws -> KeptAnswer {
        try call.state.checkSomewhere(call.account, .write(.members), at: call.now)
        guard let mode = ImportMode(rawValue: call.query("mode") ?? ImportMode.create.rawValue) else {
            throw Problem(
                .badRequest, code: "bad_mode", zh: "mode 应为 create 或 create_or_update",
                en: "mode must be create or create_or_update.")
        }
        let isDryRun = call.query("dryRun") == "true"
        let file = try await call.body(atMost: SpreadsheetLimits.fileBytes)
        // Once it is here: whoever sends slowly holds up nobody.
        guard isReadingFile.enter() else {
            var problem = Problem(
                .serviceUnavailable, code: "busy", zh: "正在导入另一个文件，请稍后再试",
                en: "Another file is being imported; try again in a moment.")
            problem.retryAfter = 5
            throw problem
        }
        defer { isReadingFile.leave() }
        let rows: [[String]]
        do throws(SpreadsheetError) {
            rows = try Spreadsheet(reading: file).rows
        } catch {
            throw Problem(.unprocessableContent, code: error.code, zh: error.chinese, en: error.english)
        }
        let step: Organisation.Step = { state in
            let (plan, change) = try Self.planned(rows, mode, call, on: state)
            let form = ImportForm(
                created: plan.creates.count, updated: plan.updates.count, unchanged: plan.unchanged,
                departments: plan.newDepartments.count, dryRun: isDryRun)
            return (change, try call.kept(form))
        }
        if isDryRun { return try step(call.state).1 }
        return try await change(
            call, key: try call.idempotencyKey(file), call.audit("import", detail: "\(rows.count) rows"), step)
    }

    private static func planned(
        _ rows: [[String]], _ mode: ImportMode, _ call: PeopleCall, on state: OrganisationState
    ) throws -> (ImportPlan, OrganisationChange) {
        let plan: ImportPlan
        do throws(ImportRejection) {
            plan = try state.directory.importPlan(
                of: rows, mode: mode, firstDepartment: DepartmentID(state.nextDepartment))
        } catch {
            throw OrganisationRefusal.importing(error)
        }
        for target in plan.targets(in: state.directory) {
            try state.check(call.account, .write(.members), on: target, at: call.now)
        }
        return (plan, try state.importing(plan))
    }
}
