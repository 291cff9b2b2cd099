// The tree: what is one, what is refused, and the answers about above and below.

import Testing

@testable import Directory

@Suite struct DepartmentTreeTests {
    private func department(_ id: Int64, under parent: Int64?, _ zh: String? = nil, order: Int64 = 0) -> Department {
        Department(
            id: DepartmentID(id), parent: parent.map { DepartmentID($0) }, names: BilingualName(zh: zh ?? "部\(id)"),
            order: order)
    }

    private func error(_ departments: [Department]) -> DirectoryError? {
        do throws(DirectoryError) {
            _ = try DepartmentTree(departments)
            return nil
        } catch { return error }
    }

    @Test func departmentsStandFromTheTopDownSiblingsInTheirOrderWhateverOrderTheyCameIn() throws {
        let tree = try DepartmentTree(Company.departments)
        #expect(tree.departments.map(\.id.number) == [1, 10, 11, 111, 12, 13, 20, 30, 40, 50])
        #expect(tree.children(of: Company.boutiques).map(\.id.number) == [11, 12, 13])
        #expect(tree.ancestors(of: Company.salesOfX).map(\.id.number) == [11, 10, 1])
        #expect(tree.subtree(of: Company.boutiqueX).map(\.id.number) == [11, 111])
        #expect(tree.path(of: Company.salesOfX, in: .en) == "Boutiques/Boutique X/Sales")
        #expect(tree.depth(of: Company.salesOfX) == 3)
        #expect(tree.isBottomLevel(Company.salesOfX) && !tree.isBottomLevel(Company.boutiqueX))
    }

    @Test func belowAgreesWithWalkingUpForEveryPair() throws {
        let tree = try DepartmentTree(Company.departments)
        for lower in tree.departments {
            for upper in tree.departments {
                let walked = lower.id == upper.id || tree.ancestors(of: lower.id).contains { $0.id == upper.id }
                #expect(tree.isDepartment(lower.id, within: upper.id) == walked)
            }
        }
        #expect(!tree.isDepartment(DepartmentID(99), within: Company.root))
    }

    @Test func whatIsNoTreeIsRefusedByItsReason() {
        #expect(error([]) == .noRoot)
        #expect(
            error([department(1, under: nil), department(2, under: nil)])
                == .severalRoots([DepartmentID(1), DepartmentID(2)]))
        #expect(error([department(1, under: nil), department(1, under: nil)]) == .duplicateDepartment(DepartmentID(1)))
        #expect(error([department(1, under: nil), department(2, under: 7)]) == .unknownParent(of: DepartmentID(2)))
        #expect(error([department(1, under: nil), department(2, under: 2)]) == .cycle(DepartmentID(2)))
        let ring = [
            department(1, under: nil), department(4, under: 2), department(2, under: 3), department(3, under: 2),
        ]
        #expect([.cycle(DepartmentID(2)), .cycle(DepartmentID(3))].contains(error(ring)))
        #expect(
            error([department(1, under: nil), department(2, under: 1, "甲"), department(3, under: 1, "甲")])
                == .sameName(DepartmentID(2), DepartmentID(3)))
    }

    @Test func fifteenLevelsPassAndTheSixteenthDoesNot() {
        let chain = (1...16).map { department($0, under: $0 == 1 ? nil : $0 - 1) }
        #expect(error(Array(chain.prefix(15))) == nil)
        #expect(error(chain) == .tooDeep(DepartmentID(16)))
        #expect(error((1...10_001).map { department($0, under: $0 == 1 ? nil : 1) }) == .tooManyDepartments)
    }

    @Test func everyRefusalHasItsOwnCodeAndATextInBothLanguages() {
        let someone = id("a")
        let all: [DirectoryError] = [
            .tooManyDepartments, .tooManyMembers, .noRoot, .severalRoots([]), .duplicateDepartment(DepartmentID(1)),
            .unknownParent(of: DepartmentID(1)), .cycle(DepartmentID(1)), .tooDeep(DepartmentID(1)),
            .sameName(DepartmentID(1), DepartmentID(2)), .duplicateAccount(someone), .unknownDepartment(of: someone),
            .badDepartments(of: someone),
        ]
        #expect(Set(all.map(\.code)).count == all.count)
        #expect(Set(all.flatMap { [$0.text(in: .zh), $0.text(in: .en)] }).count == 2 * all.count)
    }
}
