/// First in, first out; taking from the front costs nothing however many wait.
struct Queue<Element>: Sequence {
    private var elements: [Element] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var count: Int { elements.count - head }
    var first: Element? { isEmpty ? nil : elements[head] }

    var last: Element? { isEmpty ? nil : elements[elements.count - 1] }

    func makeIterator() -> IndexingIterator<ArraySlice<Element>> { elements[head...].makeIterator() }

    mutating func replaceFirst(_ change: (inout Element) -> Void) {
        if !isEmpty { change(&elements[head]) }
    }

    mutating func replaceLast(_ change: (inout Element) -> Void) {
        if !isEmpty { change(&elements[elements.count - 1]) }
    }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let first = elements[head]
        head += 1
        giveBack()
        return first
    }

    /// Takes from the front, in order, what matches, up to the first that does not.
    mutating func removeFirst(while matches: (Element) -> Bool, _ body: (Element) -> Void) {
        while head < elements.count, matches(elements[head]) {
            body(elements[head])
            head += 1
        }
        giveBack()
    }

    /// What was taken is given back when it is most of the storage.
    private mutating func giveBack() {
        if head == elements.count {
            removeAll()
        } else if head > 64, head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
    }

    /// Puts elements before all others, in their order.
    mutating func prepend(_ earlier: some Collection<Element>) {
        elements.replaceSubrange(0..<head, with: earlier)
        head = 0
    }

    mutating func removeAll() {
        elements.removeAll(keepingCapacity: elements.capacity <= 64)
        head = 0
    }
}
