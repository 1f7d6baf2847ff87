public protocol Failpoints: Sendable {
    /// May end the process, trap, or do nothing.
    func reach(_ step: Failpoint)
}
