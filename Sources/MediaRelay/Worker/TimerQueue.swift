// When things fall due: at most one deadline per key, earliest first. Which keys there are is the caller's affair.

/// A binary heap with lazy removal: setting a key again leaves its old entry in the heap, to be skipped when it
/// surfaces. Entries are compacted when the stale ones outnumber the live, so memory follows the number of keys.
struct TimerQueue<Key: Hashable> {
    private struct Entry {
        var deadline: MediaTime
        var key: Key
    }

    private var heap: [Entry] = []
    private var deadlines: [Key: MediaTime] = [:]

    var count: Int { deadlines.count }

    subscript(_ key: Key) -> MediaTime? { deadlines[key] }

    /// `never` cancels.
    mutating func set(_ key: Key, _ deadline: MediaTime) {
        guard deadline != .never else {
            cancel(key)
            return
        }
        guard deadlines.updateValue(deadline, forKey: key) != deadline else { return }
        heap.append(Entry(deadline: deadline, key: key))
        siftUp(heap.count - 1)
        compactIfStale()
    }

    /// Keeps the earlier of the two deadlines.
    mutating func advance(_ key: Key, to deadline: MediaTime) {
        if let present = deadlines[key], present <= deadline { return }
        set(key, deadline)
    }

    mutating func cancel(_ key: Key) {
        deadlines[key] = nil
        compactIfStale()
    }

    /// The earliest deadline, `never` when there is none.
    mutating func next() -> MediaTime {
        dropStale()
        return heap.first?.deadline ?? .never
    }

    /// Removes and returns one key that is due.
    mutating func popDue(_ now: MediaTime) -> Key? {
        dropStale()
        guard let first = heap.first, first.deadline <= now else { return nil }
        removeFirst()
        deadlines[first.key] = nil
        return first.key
    }

    private mutating func dropStale() {
        while let first = heap.first, deadlines[first.key] != first.deadline { removeFirst() }
    }

    /// Twice the live entries and a little: larger wastes memory, smaller rebuilds on every cancellation.
    private mutating func compactIfStale() {
        guard heap.count > 2 * deadlines.count + 32 else { return }
        heap = deadlines.map { Entry(deadline: $0.value, key: $0.key) }
        heap.sort { $0.deadline < $1.deadline }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right].deadline < heap[left].deadline ? right : left
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }
}
