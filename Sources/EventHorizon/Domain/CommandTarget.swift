/// A category of streams, seen by who commands it.
public protocol CommandTarget: Sendable {
    associatedtype Command: Message
    associatedtype Rejection: Error & Codable & Equatable = Never
    static var category: String { get }
}
