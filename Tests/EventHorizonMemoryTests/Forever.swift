import Synchronization

/// Keeps continuations that nobody resumes.
final class Forever: Sendable {
    static let shared = Forever()
    private let kept = Mutex<[CheckedContinuation<Void, Never>]>([])
    func keep(_ continuation: CheckedContinuation<Void, Never>) { kept.withLock { $0.append(continuation) } }
}
