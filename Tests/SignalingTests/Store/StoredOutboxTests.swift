// Events and deliveries in SQLite: order, debts, what is given up, what is forgotten, what is queued again.

import Testing

@testable import Signaling

struct StoredOutboxTests {
    private func bodies(_ store: Store, _ receiver: String, _ room: String) async throws -> [Int64] {
        var sequences: [Int64] = []
        while let delivery = try await store.nextDelivery(to: receiver, in: room) {
            sequences.append(delivery.event.sequence)
            #expect(try await store.delivered(delivery.position, to: receiver, in: room))
        }
        return sequences
    }

    @Test func eachReceiverIsOwedEveryEventInOrder() async throws {
        try await TemporaryStore.with { store in
            try await store.append([.made(1), .made(1, room: "other"), .made(2)], to: ["a", "b"], at: 10)
            try await store.append([.made(3)], to: ["a", "b"], at: 20)
            let lanes = [
                LaneBacklog(room: "room", count: 3, oldest: 10), LaneBacklog(room: "other", count: 1, oldest: 10),
            ]
            #expect(try await store.lanes(of: "a") == lanes)
            #expect(try await bodies(store, "a", "room") == [1, 2, 3])
            #expect(try await store.lanes(of: "a") == [lanes[1]])
            #expect(try await store.lanes(of: "b") == lanes, "paid by one is not paid by the other")
            let delivery = try #require(try await store.nextDelivery(to: "b", in: "room"))
            #expect(delivery.event == .made(1) && delivery.queuedAt == 10 && delivery.dropped == 0)
            #expect(try await store.nextDelivery(to: "nobody", in: "room") == nil)
        }
    }

    /// Meetings of one name follow each other: a receiver must not see the second begin before the first ended.
    @Test func laterMeetingsOfTheSameNameWaitTheirTurn() async throws {
        try await TemporaryStore.with { store in
            try await store.append([.made(1, meeting: "RM_1"), .made(2, meeting: "RM_1")], to: ["a"], at: 0)
            var next = StoredEvent.made(1, meeting: "RM_2")
            next.id = "EV_next"
            try await store.append([next], to: ["a"], at: 0)
            #expect(try await bodies(store, "a", "room") == [1, 2, 1])
        }
    }

    @Test func theOldestRoomIsGivenUpAndItsNewestEventSaysSo() async throws {
        try await TemporaryStore.with { store in
            try await store.append([.made(1, room: "old"), .made(1, room: "new")], to: ["a", "b"], at: 0)
            try await store.append([.made(2, room: "old"), .made(3, room: "old")], to: ["a", "b"], at: 0)
            let late = try #require(try await store.nextDelivery(to: "a", in: "old"))
            #expect(try await store.dropOldestRoom(of: "a") == Drop(receiver: "a", room: "old", count: 2))
            #expect(try await store.delivered(late.position, to: "a", in: "old") == false)
            let rest = try #require(try await store.nextDelivery(to: "a", in: "old"))
            #expect(rest.event.sequence == 3 && rest.dropped == 2)
            // One that is alone goes altogether.
            #expect(try await store.dropOldestRoom(of: "a") == Drop(receiver: "a", room: "new", count: 1))
            #expect(try await store.dropOldestRoom(of: "a") == Drop(receiver: "a", room: "old", count: 1))
            #expect(try await store.dropOldestRoom(of: "a") == nil)
            #expect(try await store.lanes(of: "b").map(\.count) == [3, 1])
        }
    }

    @Test func whatWaitsTooLongIsGivenUpAndTheNextEventSaysSo() async throws {
        try await TemporaryStore.with { store in
            try await store.append([.made(1), .made(2)], to: ["a"], at: 100)
            try await store.append([.made(3)], to: ["a"], at: 200)
            try await store.append([.made(4)], to: ["a"], at: 300)
            #expect(try await store.dropDeliveries(queuedBefore: 100) == [])
            #expect(try await store.dropDeliveries(queuedBefore: 101) == [Drop(receiver: "a", room: "room", count: 2)])
            #expect(try await store.nextDelivery(to: "a", in: "room")?.dropped == 2)
            // What was said by one that goes too is not lost.
            #expect(try await store.dropDeliveries(queuedBefore: 201) == [Drop(receiver: "a", room: "room", count: 1)])
            #expect(try await store.nextDelivery(to: "a", in: "room")?.dropped == 3)
            #expect(try await store.dropDeliveries(queuedBefore: 999) == [Drop(receiver: "a", room: "room", count: 1)])
            #expect(try await store.lanes(of: "a") == [])
        }
    }

    @Test func deliveredEventsStayForAWhile() async throws {
        try await TemporaryStore.with { store in
            try await store.append(
                [.made(1, createdAt: 10), .made(2, createdAt: 20), .made(3, createdAt: 30)], to: ["a"], at: 0)
            #expect(try await bodies(store, "a", "room") == [1, 2, 3])
            try await store.append([.made(4, createdAt: 5)], to: ["a"], at: 0)
            try await store.forgetEvents(createdBefore: 30, beyond: 100)
            #expect(try await store.replay(ReplayRange(), to: ["a"], at: 50)?["a"]?.map(\.count) == [1])
            #expect(try await bodies(store, "a", "room") == [3, 4], "one that is owed stays, however old")
            try await store.forgetEvents(createdBefore: 0, beyond: 1)
            #expect(try await store.replay(ReplayRange(), to: ["a"], at: 50)?["a"]?.map(\.count) == [1])
            #expect(try await bodies(store, "a", "room") == [4], "no more than so many")
        }
    }

    @Test func receiversNoLongerConfiguredAreOwedNothing() async throws {
        try await TemporaryStore.with { store in
            try await store.append([.made(1), .made(2)], to: ["a", "b"], at: 0)
            #expect(try await store.forgetReceivers(except: ["b", "c"]) == 2)
            #expect(try await store.lanes(of: "a") == [])
            #expect(try await store.lanes(of: "b").map(\.count) == [2])
            #expect(try await store.forgetReceivers(except: []) == 2)
        }
    }

    @Test func replaysWhatIsAskedForAndNothingTwice() async throws {
        try await TemporaryStore.with { store in
            try await store.append((1...5).map { .made($0) }, to: ["a"], at: 0)
            try await store.append([.made(1, room: "other")], to: ["a"], at: 0)
            func replay(_ room: String?, _ from: ReplayRange.Bound?, _ to: ReplayRange.Bound?) async throws -> Int? {
                try await store.replay(ReplayRange(room: room, from: from, to: to), to: ["a"], at: 9)?["a"]?
                    .reduce(0) { $0 + $1.count }
            }
            #expect(try await replay(nil, nil, nil) == 0, "they still wait")
            #expect(try await bodies(store, "a", "room") == [1, 2, 3, 4, 5])
            #expect(try await replay("room", .sequence(2), .sequence(3)) == 2)
            #expect(try await replay("RM_room", .sequence(3), .sequence(4)) == 1, "3 waits already")
            #expect(try await bodies(store, "a", "room") == [2, 3, 4])
            #expect(try await replay(nil, .id("EV_room_4"), .id("EV_room_5")) == 2)
            #expect(try await replay(nil, .id("EV_room_5"), nil) == 0)
            #expect(try await replay(nil, .id("EV_unknown"), nil) == nil)
            #expect(try await replay("unknown", nil, nil) == 0)
            #expect(try await replay("room", .sequence(.min), .sequence(.max)) == 3)
            #expect(try await bodies(store, "a", "room") == [1, 2, 3, 4, 5], "in their order again")
            #expect(try await store.lanes(of: "a").map(\.room) == ["other"])
        }
    }

    @Test func knowsTheMeetingsThatNeverEnded() async throws {
        try await TemporaryStore.with { store in
            #expect(try await store.unfinishedMeetings() == [])
            try await store.append(
                [.made(1), .made(2), .made(1, room: "done"), .made(2, room: "done", isLast: true)], to: [], at: 0)
            #expect(try await store.unfinishedMeetings() == [.made(2)])
            try await store.append([.made(3, isLast: true)], to: [], at: 0)
            #expect(try await store.unfinishedMeetings() == [])
        }
    }

    /// A body of any content comes out as it went in.
    @Test func bodiesAreKeptToTheByte() async throws {
        try await TemporaryStore.with { store in
            var event = StoredEvent.made(1, room: "Sitzung 会议 '; DROP TABLE event; --")
            event.body = "{\"x\":\"\u{1F600}'\\u0000\\n\"}"
            try await store.append([event], to: ["a"], at: 0)
            #expect(try await store.nextDelivery(to: "a", in: event.room)?.event == event)
        }
    }
}
