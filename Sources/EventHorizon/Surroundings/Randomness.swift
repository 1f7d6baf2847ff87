public protocol Randomness: Sendable {
    func next() -> UInt64
}
