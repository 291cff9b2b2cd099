import Directory
import Scheduling
import Testing

@testable import Booking

@Suite struct RingingTests {
    private let now = Office.now

    private func ringing() throws -> Ringing {
        Ringing(try #require(BookingID("m1")), ["bob", "dora", "emil"].map(id), busy: [id("emil")], at: now)
    }

    @Test func aCallIsTakenDeclinedBusyOrMissed() throws {
        var call = try ringing()
        #expect(call.states[id("emil")] == .busy && call.deadline == now.advanced(by: 60))
        func answer(_ account: String, _ accepts: Bool, _ seconds: Int) -> Bool {
            call.answer(id(account), accepts: accepts, at: now.advanced(by: seconds))
        }
        #expect(answer("bob", false, 5))
        // Another device of his is late.
        #expect(!answer("bob", true, 6))
        #expect(!answer("boss", true, 6))
        call.end(at: now.advanced(by: 59))
        #expect(call.states[id("dora")] == .ringing)
        #expect(!answer("dora", true, 60))
        #expect(call.states == [id("bob"): .declined, id("dora"): .missed, id("emil"): .busy])
        #expect(call.deadline == nil && call.missed == [id("dora"), id("emil")])
        call.entered(id("dora"))
        #expect(call.missed == [id("emil")])
    }

    @Test func aCallerMayGiveUp() throws {
        var call = try ringing()
        let isTaken = call.answer(id("bob"), accepts: true, at: now)
        call.cancel()
        #expect(isTaken)
        #expect(call.states == [id("bob"): .accepted, id("dora"): .cancelled, id("emil"): .busy])
        call.end(at: now.advanced(by: 100))
        #expect(call.states[id("dora")] == .cancelled)
    }
}
