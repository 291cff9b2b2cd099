import Testing

@testable import MediaRelay

@Suite struct EncodingChoiceTests {
    /// Feeds packet counts per 250 ms step; returns the choice after each.
    private func choices(_ steps: [[UInt64]]) -> [Int?] {
        var choice = EncodingChoice(count: steps.first?.count ?? 0)
        var totals = [UInt64](repeating: 0, count: steps.first?.count ?? 0)
        var now = MediaTime(microseconds: 1_000)
        return steps.map { step in
            for index in step.indices { totals[index] += step[index] }
            _ = choice.observe(totals, now)
            now = now + EncodingChoice.interval
            return choice.current
        }
    }

    @Test func nothingIsChosenBeforeAnythingCame() {
        #expect(choices([[0, 0, 0], [0, 0, 0]]) == [nil, nil])
    }

    @Test func theFirstIsTakenAtOnceAndABetterOneWhenItHasSettled() {
        #expect(choices([[9, 0, 0], [9, 9, 0], [9, 9, 0], [9, 9, 0], [9, 9, 9]]) == [0, 0, 0, 1, 1])
    }

    @Test func whoEndsIsLeftForTheBestThatRemains() {
        let running = [[UInt64]](repeating: [9, 9, 9], count: 4)
        let ended = [[UInt64]](repeating: [9, 9, 0], count: 8)
        let result = choices(running + ended)
        #expect(result[3] == 2)
        // 1.5 s of silence are six steps.
        #expect(result[8] == 2 && result[9] == 1 && result.last == 1)
    }

    @Test func silenceOfAllChangesNothing() {
        let result = choices([[9, 9]] + [[UInt64]](repeating: [0, 0], count: 20) + [[9, 0]])
        #expect(result[20] == 1)
        #expect(result[21] == 0)
    }

    @Test func aFlickeringEncodingIsNotTaken() {
        let flicker: [[UInt64]] = [[9, 1]] + (0..<40).map { [9, $0 % 8 == 0 ? 1 : 0] }
        #expect(choices([[9, 0]] + flicker).filter { $0 == 1 }.isEmpty == false)
        // One packet every two seconds is less than the silence allows.
        var result = choices([[9, 0]] + (0..<40).map { [9, $0 % 8 == 0 ? 1 : 0] })
        result.removeFirst(4)
        #expect(result.last == 0)
    }
}
