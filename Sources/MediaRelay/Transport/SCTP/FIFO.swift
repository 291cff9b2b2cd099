// First in, first out, with access by position: what is sent and waits, in order. Taken elements are let go of at once,
// so that their payloads do not live on in spare capacity.

struct FIFO<Element> {
    private var storage: [Element?] = []
    private var head = 0

    var count: Int { storage.count &- head }
    var isEmpty: Bool { count == 0 }

    var first: Element? { isEmpty ? nil : storage[head] }

    mutating func append(_ element: Element) { storage.append(element) }

    @discardableResult
    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = storage[head].take()
        head &+= 1
        // Each element is moved once per halving: constant time on average.
        if head == storage.count {
            storage.removeAll(keepingCapacity: storage.count <= 64)
            head = 0
        } else if head >= 32, head &* 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Nil outside of `0..<count`, where setting does nothing.
    subscript(_ index: Int) -> Element? {
        get { index >= 0 && index < count ? storage[head &+ index] : nil }
        // In place: a copy of the element would be a retain and a release of its payload per touched field.
        _modify {
            if index >= 0, index < count {
                yield &storage[head &+ index]
            } else {
                var nothing: Element?
                yield &nothing
            }
        }
    }
}
