public import Synchronization

/// Where threads leave what has arrived, and one task takes it all at once.
///
/// `Contents` holds arrays whose storage is reused: the taker hands in an emptied value and gets the full one.
public final class Mailbox<Contents: Sendable>: Sendable {
    @usableFromInline
    struct State {
        @usableFromInline var contents: Contents
        @usableFromInline var isFilled = false
        @usableFromInline var waiter: UnsafeContinuation<Void, Never>?
        @usableFromInline init(_ contents: Contents) { self.contents = contents }
    }
    @usableFromInline let state: Mutex<State>

    public init(_ empty: Contents) { state = Mutex(State(empty)) }

    /// Changes the contents and wakes the taker.
    @inlinable
    public func put(_ change: (inout Contents) -> Void) {
        let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            change(&state.contents)
            state.isFilled = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Wakes the taker, if any waits, with nothing.
    public func wake() { put { _ in } }

    /// Exchanges `out`, which must be empty, with what has arrived; false when nothing was put since.
    @inlinable
    public func take(_ out: inout Contents) -> Bool {
        state.withLock { state in
            guard state.isFilled else { return false }
            state.isFilled = false
            swap(&state.contents, &out)
            return true
        }
    }

    /// Returns when something was put that is not taken. For one task at a time.
    @inlinable
    public func wait() async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isFilled = state.withLock { state in
                if state.isFilled { return true }
                precondition(state.waiter == nil, "two tasks wait at one mailbox")
                state.waiter = continuation
                return false
            }
            if isFilled { continuation.resume() }
        }
    }
}
