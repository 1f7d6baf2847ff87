/// What went wrong at a broker's or a store's border.
public struct BrokerError: RetriableError, CustomStringConvertible, Sendable {
    /// A closed set is never promised: compare with the constants, and keep a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        public init(_ name: String) { description = name }
        /// No connection could be made, or it is gone for good.
        public static let unavailable = Code("unavailable")
        public static let deadlineExceeded = Code("deadlineExceeded")
        public static let refused = Code("refused")
        public static let protocolViolation = Code("protocolViolation")
        public static let cancelled = Code("cancelled")
    }
    public var code: Code
    public var message: String
    public var cause: (any Error)?
    public var isRetriable: Bool
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil, isRetriable: Bool = false) {
        self.code = code
        self.message = message
        self.cause = cause
        self.isRetriable = isRetriable
    }
    public var description: String { cause.map { "\(message): \($0)" } ?? message }
}
