// Members, departments and files over HTTP: what comes back, what is refused and in which words, what changes nothing.

import Directory
import Foundation
import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(2)))
struct MemberRouteTests {
    private func newcomer(_ account: String, _ name: String) throws -> String {
        let body: [String: Any] = [
            "account": account, "name": name, "gender": "female", "mobile": "13900000000", "departments": [2],
            "position": name, "internalFields": [["name": "n", "value": name]],
        ]
        return String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
    }

    /// Names that would be something else to SQL, HTML, a spreadsheet or a log come back as they are.
    @Test(arguments: [
        "Robert'); DROP TABLE member;--", #"" OR ""=""#, "<script>alert(1)</script>", "=HYPERLINK(\"http://evil\")",
        "@SUM(1+1)", "%s%n {0} \\(x) \\u0000", "'; DELETE FROM session; --", "a\\\"b", "${jndi:ldap://x}",
    ])
    func hostileNamesAreNames(_ name: String) async throws {
        try await PeopleWorld.serve { world, client in
            let made = try await client.send("POST", "members", as: "chief", body: try newcomer("x1", name))
            #expect(made.status == 201, "\(made.body)")
            for answer in [
                made, try await client.send("GET", "members/x1", as: "chief"),
            ] {
                #expect(answer.json["name"] as? String == name && answer.json["position"] as? String == name)
                #expect(answer.headers["content-type"] == "application/json")
                #expect(answer.headers["x-content-type-options"] == "nosniff")
            }
            let stored = try #require(try await world.store.organisation())
            #expect(stored.directory[try PeopleWorld.account("x1")]?.names.zh == name)
            #expect(stored.directory.members.count == 9)
            let query = try #require(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
            let found = try await client.send("GET", "members?q=\(query)", as: "chief")
            #expect(found.status == 200)
        }
    }

    @Test func controlCharactersAreNoName() async throws {
        try await PeopleWorld.serve { _, client in
            for name in ["a\r\nSet-Cookie: x=y", "a\u{0}b", "a\u{202E}b", "a\u{1B}[31m"] {
                let answer = try await client.send("POST", "members", as: "chief", body: try newcomer("x1", name))
                #expect(answer.status == 422, "\(answer.body)")
            }
            let traversal = try await client.send("GET", "members/..%2F..%2Fetc", as: "chief")
            #expect(traversal.status == 404 && traversal.code == "no_such_member")
        }
    }

    @Test func everythingWrongIsSaidAtOnceInBothLanguages() async throws {
        try await PeopleWorld.serve { world, client in
            let body = #"{"account":"a b","name":"","gender":"x","mobile":"1","email":"x@","departments":[2,2]}"#
            let answer = try await client.send("POST", "members", as: "chief", body: body)
            #expect(answer.status == 422 && answer.code == "invalid_fields")
            let errors = try #require(answer.json["errors"] as? [[String: Any]])
            let fields = errors.compactMap { $0["field"] as? String }
            #expect(Set(fields) == ["name", "account", "gender", "mobile", "email", "departments"], "\(fields)")
            for error in errors {
                let texts = try #require(error["texts"] as? [String: String])
                #expect(texts["zh-CN"]?.isEmpty == false && texts["en"]?.isEmpty == false)
            }
            for (body, code) in [("[]", 400), ("{", 400), (#"{"name":1,"nonsense":true}"#, 422)] {
                #expect(try await client.send("POST", "members", as: "chief", body: body).status == code)
            }
            #expect(await world.organisation.state.directory.members.count == 8)
        }
    }

    @Test func aChangeAsksForWhatWasRead() async throws {
        try await PeopleWorld.serve { world, client in
            let path = "members/vic"
            let read = try await client.send("GET", path, as: "chief")
            let tag = try #require(read.headers["etag"])
            let body = #"{"englishName":"Vic","tags":["a"],"officePhone":"010-1"}"#
            #expect(try await client.send("PATCH", path, as: "chief", body: body).code == "if_match_required")
            let first = try await client.send("PATCH", path, as: "chief", body: body, headers: ["If-Match: \(tag)"])
            #expect(first.status == 200 && first.json["englishName"] as? String == "Vic")
            #expect(first.json["name"] as? String == "vic", "what is not named stays")
            let second = try await client.send("PATCH", path, as: "chief", body: body, headers: ["If-Match: \(tag)"])
            #expect(second.status == 412 && second.code == "changed_meanwhile")
            let now = try await client.send("GET", path, as: "chief")
            #expect(now.headers["etag"] == first.headers["etag"] && now.headers["etag"] != tag)
            let log = try await client.send("GET", "audit?limit=5", as: "chief")
            #expect(log.body.contains("englishName officePhone tags") && !log.body.contains("010-1"))
        }
    }

    @Test func aRepeatedCreateIsDoneOnce() async throws {
        try await PeopleWorld.serve { world, client in
            let key = ["Idempotency-Key: 7f3a"]
            let body = try newcomer("x1", "新人")
            let first = try await client.send("POST", "members", as: "chief", body: body, headers: key)
            let second = try await client.send("POST", "members", as: "chief", body: body, headers: key)
            #expect(first.status == 201 && second.status == 201 && first.body == second.body)
            #expect(first.headers["etag"] == second.headers["etag"])
            let other = try await client.send(
                "POST", "members", as: "chief", body: try newcomer("x2", "新人"), headers: key)
            #expect(other.status == 422 && other.code == "idempotency_key_reused")
            let mine = try await client.send("POST", "members", as: "will", body: body, headers: key)
            #expect(mine.code == "duplicate_account", "a key is its sender's own")
            let bad = try await client.send("POST", "members", as: "chief", body: body, headers: ["Idempotency-Key: é"])
            #expect(bad.status == 400)
            let group = try await client.send(
                "POST", "departments", as: "chief", body: #"{"name":"新"}"#, headers: ["Idempotency-Key: d"])
            let again = try await client.send(
                "POST", "departments", as: "chief", body: #"{"name":"新"}"#, headers: ["Idempotency-Key: d"])
            #expect(group.status == 201 && group.body == again.body)
        }
    }

    @Test func pagesFollowTheCursorAndSearchFinds() async throws {
        try await PeopleWorld.serve { _, client in
            var seen: [String] = []
            var cursor = ""
            repeat {
                let page = try await client.send("GET", "members?limit=3\(cursor)", as: "chief")
                let members = try #require(page.json["members"] as? [[String: Any]])
                #expect(members.count <= 3)
                seen += members.compactMap { $0["account"] as? String }
                cursor = (page.json["cursor"] as? String).map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(seen == ["ada", "chief", "gone", "hana", "mia", "rita", "vic", "will"])
            let found = try await client.send("GET", "members?q=zongguan&limit=5", as: "mia")
            let byInitials = try await client.send("GET", "members?q=zg", as: "mia")
            #expect(found.status == 200 && byInitials.body.contains(#""account":"chief""#))
            let sales = try await client.send("GET", "members?department=2", as: "mia")
            #expect((sales.json["members"] as? [Any])?.count == 1)
            #expect(try await client.send("GET", "members?cursor=!!", as: "mia").code == "bad_cursor")
        }
    }

    @Test func theRulesHidePeopleAndFieldsFromColleagues() async throws {
        try await PeopleWorld.serve { _, client in
            let rules = #"""
                {"rules":[
                 {"subjects":{"members":["hana"]},"effect":"is_seen_only_by","people":{"departments":[3]}},
                 {"subjects":{"everyone":true},"effect":"hides_fields","fields":["mobile"],"audience":"colleagues"}]}
                """#
            let set = try await client.send("PUT", "visibility-rules", as: "chief", body: rules)
            #expect(set.status == 200, "\(set.body)")
            let read = try await client.send("GET", "visibility-rules", as: "chief")
            #expect(read.body == set.body)
            let hidden = try await client.send("GET", "members/hana", as: "mia")
            let nobody = try await client.send("GET", "members/nobody", as: "mia")
            #expect(hidden.status == 404 && hidden.body == nobody.body, "who may not be seen is not there")
            #expect(try await client.send("GET", "members?q=hana", as: "mia").json["members"] as? [String] == [])
            let vic = try await client.send("GET", "members/vic", as: "mia")
            #expect(vic.status == 200 && vic.json["mobile"] == nil && vic.json["enabled"] == nil)
            #expect(try await client.send("GET", "members/mia", as: "mia").json["mobile"] != nil, "one's own")
            #expect(try await client.send("GET", "members/vic", as: "rita").json["mobile"] != nil, "an administrator's")
            let wrong = try await client.send(
                "PUT", "visibility-rules", as: "chief", body: #"{"rules":[{"effect":"x"}]}"#)
            #expect(wrong.status == 422)
        }
    }

    @Test func departmentsFormATree() async throws {
        try await PeopleWorld.serve { _, client in
            func code(_ method: String, _ path: String, _ body: String = "") async throws -> String {
                let answer = try await client.send(method, path, as: "chief", body: body)
                return answer.code.isEmpty ? "\(answer.status)" : answer.code
            }
            #expect(try await code("POST", "departments", #"{"name":"销售部","parent":1}"#) == "same_department_name")
            #expect(try await code("POST", "departments", #"{"name":"x","parent":77}"#) == "unknown_parent")
            #expect(try await code("POST", "departments", #"{"name":""}"#) == "invalid_fields")
            #expect(try await code("PATCH", "departments/2", #"{"parent":5}"#) == "department_cycle")
            #expect(try await code("PATCH", "departments/1", #"{"parent":2}"#) == "root_department")
            #expect(try await code("PATCH", "departments/1", #"{"name":"胡同"}"#) == "200")
            #expect(try await code("PATCH", "departments/77", "{}") == "no_such_department")
            #expect(try await code("DELETE", "departments/2") == "department_in_use")
            #expect(try await code("DELETE", "departments/1") == "root_department")
            #expect(try await code("DELETE", "departments/5") == "204")
            let made = try await client.send("POST", "departments", as: "chief", body: #"{"name":"六","parent":2}"#)
            #expect(made.json["id"] as? Int == 6, "numbers are not used again")
            let log = try await client.send("GET", "audit?limit=5", as: "chief")
            #expect(log.body.contains(#""action":"department.create","actor":"chief","at":"#))
            #expect(log.body.contains(#""target":"6""#))
            let tree = try await client.send("GET", "departments", as: "mia")
            let ids = (tree.json["departments"] as? [[String: Any]])?.compactMap { $0["id"] as? Int }
            #expect(ids == [1, 2, 6, 3])
        }
    }

    @Test func aFileIsImportedWhollyOrNotAtAll() async throws {
        try await PeopleWorld.serve { world, client in
            let head = "姓名,帐号,性别,手机,部门\n"
            let good = head + "李四,li4,男,13800000001,销售部/新组[EN:New]\n=1+1,li5,女,13800000002,人事部\n"
            let dry = try await client.send("POST", "imports?dryRun=true", as: "chief", body: good)
            #expect(dry.json["created"] as? Int == 2 && dry.json["departments"] as? Int == 1, "\(dry.body)")
            #expect(await world.organisation.state.directory.members.count == 8)
            let bad = try await client.send("POST", "imports", as: "chief", body: good + "王五,li4,男,1,\n")
            #expect(bad.status == 422 && bad.code == "import_rejected")
            let errors = try #require(bad.json["errors"] as? [[String: Any]])
            #expect(errors.allSatisfy { $0["row"] as? Int == 4 } && errors.count >= 2, "\(bad.body)")
            #expect(await world.organisation.state.directory.members.count == 8)
            let done = try await client.send(
                "POST", "imports", as: "chief", body: good, headers: ["Idempotency-Key: f"])
            let again = try await client.send(
                "POST", "imports", as: "chief", body: good, headers: ["Idempotency-Key: f"])
            #expect(done.status == 200 && done.body == again.body, "\(done.body)")
            let stored = try #require(try await world.store.organisation())
            #expect(stored.directory.members.count == 10)
            #expect(stored.directory[try PeopleWorld.account("li5")]?.names.zh == "=1+1")
            let more = try await client.send("POST", "imports?mode=create_or_update", as: "chief", body: good)
            #expect(more.json["unchanged"] as? Int == 2)
            #expect(try await client.send("POST", "imports?mode=x", as: "chief", body: good).code == "bad_mode")
            let binary = try await client.send("POST", "imports", as: "chief", body: "PK\u{3}\u{4}nonsense")
            #expect(binary.status == 422 && binary.code.hasPrefix("spreadsheet_"))
        }
    }

    @Test func aBodyOfAMegabyteIsForFilesOnly() async throws {
        try await PeopleWorld.serve { _, client in
            let large = String(repeating: "x", count: 70_000)
            let file = try await client.send("POST", "imports", as: "chief", body: large)
            #expect(file.status == 422)
        }
    }
}
