internal import Synchronization

/// Lets one of the loops of a process through at a time, so that what the process dies of meanwhile is known. Nobody waits in it.
public final class Turnstile: Sendable {
    private let isTaken = Mutex(false)

    /// This process's.
    public static let ofProcess = Turnstile()

    public init() {}

    /// Nil while another is through.
    public func enter() -> Pass? {
        let isFree = isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
        return isFree ? Pass(self) : nil
    }

    /// Ends with its last reference.
    public final class Pass: Sendable {
        private let turnstile: Turnstile
        fileprivate init(_ turnstile: Turnstile) { self.turnstile = turnstile }
        deinit { turnstile.isTaken.withLock { $0 = false } }
    }
}
