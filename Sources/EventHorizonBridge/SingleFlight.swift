import Synchronization

/// A value that is made when it is first asked for, by whoever asks first; the others wait for it.
///
/// If making it fails, those who wait fail alike, and the next to ask tries again.
public final class SingleFlight<Value: Sendable>: Sendable {
    private enum Role { case has(Value), waits, makes }
    private enum State {
        case empty
        case making([UnsafeContinuation<Value?, any Error>])
        case made(Value)
    }
    private let state = Mutex(State.empty)

    public init() {}

    /// Nil where it was not made yet.
    public var current: Value? {
        state.withLock { if case .made(let value) = $0 { value } else { nil } }
    }

    /// The value, if it was made; from now on it is to be made anew.
    public func take() -> Value? {
        state.withLock { state in
            guard case .made(let value) = state else { return nil }
            state = .empty
            return value
        }
    }

    public func value(_ make: () async throws -> Value) async throws -> Value {
        let role = state.withLock { state -> Role in
            switch state {
            case .made(let value): return .has(value)
            case .making: return .waits
            case .empty:
                state = .making([])
                return .makes
            }
        }
        switch role {
        case .has(let value): return value
        case .makes:
            do {
                let value = try await make()
                for waiter in finish(.made(value)) { waiter.resume(returning: value) }
                return value
            } catch {
                for waiter in finish(.empty) { waiter.resume(throwing: error) }
                throw error
            }
        case .waits:
            // Between the look above and here the maker may have ended, either way.
            let waited: Value? = try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Value?, any Error>) in
                let now = state.withLock { state -> Value?? in
                    switch state {
                    case .made(let value): return .some(value)
                    case .empty: return .some(nil)
                    case .making(var waiters):
                        waiters.append(continuation)
                        state = .making(waiters)
                        return .none
                    }
                }
                if let now { continuation.resume(returning: now) }
            }
            if let waited { return waited }
            return try await value(make)
        }
    }

    private func finish(_ next: State) -> [UnsafeContinuation<Value?, any Error>] {
        state.withLock { state in
            guard case .making(let waiters) = state else { return [] }
            state = next
            return waiters
        }
    }
}
