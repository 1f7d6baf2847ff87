/// A state that a contract waits for did not come in time.
public struct ContractTimeout: Error, CustomStringConvertible {
    /// The state, as a sentence.
    public var what: String
    public var limit: Duration
    public init(what: String, limit: Duration) {
        self.what = what
        self.limit = limit
    }
    public var description: String { "waited \(limit) in vain until \(what)" }
}
