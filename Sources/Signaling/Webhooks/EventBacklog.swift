// Events on their way from the meetings to the store: taken in without waiting, in order, up to a bound that is only
// reached when the disk fails.

import LiveKitProtocol
import Synchronization

final class EventBacklog: Sendable {
    private struct State {
        var events: [MeetingEvent] = []
        var bytes = 0
        var dropped: UInt64 = 0
        var isClosed = false
    }
    private let state = Mutex(State())
    /// One element when there is something new, however much; ends when the backlog is closed.
    let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() {
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// An event for which there is no room is the one that is lost: what came before it stays without a gap.
    func add(_ event: MeetingEvent) {
        state.withLock { state in
            guard state.events.count < Limits.eventBacklog, state.bytes + event.bytes <= Limits.eventBacklogBytes else {
                state.dropped &+= 1
                return
            }
            state.events.append(event)
            state.bytes += event.bytes
        }
        signal.yield()
    }

    /// The oldest of them; they stay until they are removed.
    func first(_ count: Int) -> [MeetingEvent] { state.withLock { Array($0.events.prefix(count)) } }

    func removeFirst(_ count: Int) {
        state.withLock { state in
            state.bytes -= state.events.prefix(count).reduce(0) { $0 + $1.bytes }
            state.events.removeFirst(min(count, state.events.count))
        }
    }

    /// What is here can still be taken.
    func close() {
        state.withLock { $0.isClosed = true }
        signal.yield()
        signal.finish()
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
    var count: Int { state.withLock { $0.events.count } }
    var dropped: UInt64 { state.withLock { $0.dropped } }
}

extension MeetingEvent {
    /// About what it takes in memory.
    fileprivate var bytes: Int {
        let attributes = message.participant.attributes.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        return Limits.eventBytes + message.room.metadata.utf8.count + message.participant.metadata.utf8.count
            + attributes
    }
}
