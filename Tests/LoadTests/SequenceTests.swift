// Loss by sequence numbers: what counts as lost, as late, as twice.

import CLoad
import Testing

struct SequenceTests {
    private func count(_ numbers: some Sequence<UInt16>) -> cl_sequence {
        var sequence = cl_sequence()
        for number in numbers { _ = cl_sequence_add(&sequence, number) }
        return sequence
    }

    private func lost(_ sequence: cl_sequence) -> UInt64 {
        withUnsafePointer(to: sequence) { cl_sequence_expected($0) } - sequence.received
    }

    @Test func nothingIsExpectedBeforeTheFirst() {
        var sequence = cl_sequence()
        #expect(cl_sequence_expected(&sequence) == 0)
    }

    @Test func allThatComeInOrderAreCounted() {
        let sequence = count(100...1_099)
        #expect(sequence.received == 1_000)
        #expect(lost(sequence) == 0)
    }

    @Test func aGapIsLoss() {
        let sequence = count([10, 11, 14, 15].map(UInt16.init))
        #expect(lost(sequence) == 2)
    }

    @Test func numbersWrap() {
        let numbers = (65_000...66_500).map { UInt16(truncatingIfNeeded: $0) }
        #expect(lost(count(numbers)) == 0)
        #expect(lost(count(numbers.filter { $0 != 65_535 && $0 != 0 })) == 2)
    }

    @Test func manyCyclesAreCounted() {
        let sequence = count((0..<200_000).map { UInt16(truncatingIfNeeded: $0) })
        #expect(sequence.received == 200_000)
        #expect(lost(sequence) == 0)
    }

    @Test func disorderIsNoLoss() {
        let sequence = count([5, 7, 6, 9, 8].map(UInt16.init))
        #expect(sequence.received == 5)
        #expect(lost(sequence) == 0)
    }

    @Test func disorderAcrossTheWrapIsNoLoss() {
        #expect(lost(count([65_534, 0, 65_535, 2, 1].map(UInt16.init))) == 0)
    }

    @Test func aPacketBeforeTheFirstIsExpectedToo() {
        let sequence = count([101, 100, 102].map(UInt16.init))
        #expect(sequence.received == 3)
        #expect(lost(sequence) == 0)
    }

    @Test func twiceCountsOnce() {
        var sequence = count([1, 2, 3].map(UInt16.init))
        #expect(cl_sequence_add(&sequence, 2) == CL_DUPLICATE)
        #expect(cl_sequence_add(&sequence, 3) == CL_DUPLICATE)
        #expect(sequence.received == 3)
        #expect(sequence.duplicates == 2)
    }

    @Test func whoComesAfterTheWindowIsLost() {
        var sequence = count((0..<3_000).map(UInt16.init).filter { $0 != 100 && $0 != 2_900 })
        #expect(cl_sequence_add(&sequence, 100) == CL_TOO_LATE)
        #expect(cl_sequence_add(&sequence, 2_900) == CL_NEW)
        #expect(lost(sequence) == 1)
    }

    @Test func aJumpLongerThanTheWindowForgetsIt() {
        var sequence = count([0, 1, 2].map(UInt16.init))
        #expect(cl_sequence_add(&sequence, 5_000) == CL_NEW)
        #expect(lost(sequence) == 4_997)
        #expect(cl_sequence_add(&sequence, 4_999) == CL_NEW)
        #expect(cl_sequence_add(&sequence, 4_999) == CL_DUPLICATE)
    }
}
