public import EventHorizon
internal import Synchronization

/// A clock that stands still until a test moves it. Its calendar moves with it.
///
/// Safe to use from any task and thread.
public final class ManualClock: WorkerClock {
    private struct Sleeper {
        var number: Int
        var due: Instant
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Instant
        var time: Timestamp
        var sleepers: [Sleeper] = []
        var count = 0
        /// Sleepers whose task was cancelled before they lay down.
        var cancelled: [Int] = []
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - now: The monotonic clock's first moment.
    ///   - time: The calendar's: 2026-01-01T00:00:00Z unless said otherwise.
    public init(now: Instant = Instant(nanoseconds: 0), time: Timestamp = Timestamp(nanoseconds: 1_767_225_600_000_000_000)) {
        state = Mutex(State(now: now, time: time))
    }

    public var now: Instant { state.withLock { $0.now } }
    public var time: Timestamp { state.withLock { $0.time } }

    /// When the first of those who sleep wants to be woken; nil when nobody sleeps.
    public var nextDue: Instant? { state.withLock { $0.sleepers.map(\.due).min() } }

    /// Moves both clocks on and wakes, in order, whose time has come. They run when their executors let them, not inside this call.
    public func advance(by duration: Duration) {
        let due = state.withLock { state -> [Sleeper] in
            state.now = state.now + duration
            state.time = Timestamp(nanoseconds: state.time.nanoseconds &+ max(0, duration.nanoseconds))
            let due = state.sleepers.filter { $0.due <= state.now }.sorted { ($0.due, $0.number) < ($1.due, $1.number) }
            state.sleepers.removeAll { $0.due <= state.now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Sets the calendar alone, as when somebody corrects the machine's clock.
    public func set(time: Timestamp) { state.withLock { $0.time = time } }

    public func sleep(until instant: Instant) async {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if let index = state.cancelled.firstIndex(of: number) {
                        state.cancelled.remove(at: index)
                        return true
                    }
                    guard state.now < instant else { return true }
                    state.sleepers.append(Sleeper(number: number, due: instant, continuation: continuation))
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.number == number }) else {
                    state.cancelled.append(number)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume()
        }
        // A cancellation that came after waking left its mark.
        state.withLock { state in state.cancelled.removeAll { $0 == number } }
    }
}
