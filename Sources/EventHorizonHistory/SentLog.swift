public import EventHorizon
internal import Synchronization

/// What clients sent and were told, as it happens. Safe to use from any task and thread.
public final class SentLog: Sendable {
    private struct State {
        var commands: [SentCommand] = []
        var places: [MessageID: Int] = [:]
        var sends = 0
        var calls = 0
    }
    private let state = Mutex(State())
    private let now: @Sendable () -> Duration

    /// - Parameter now: The time since the run's start, by one clock for all clients.
    public init(now: @escaping @Sendable () -> Duration) { self.now = now }

    /// Before it is sent, the first time or again.
    public func willSend(_ id: MessageID, to stream: StreamID, _ name: String, by client: String) {
        willSend([(id, name)], to: stream, by: client, call: nil)
    }

    /// Before several are sent in one call, in this order.
    public func willSend(_ commands: [(id: MessageID, name: String)], to stream: StreamID, by client: String) {
        let call = state.withLock { state in
            state.calls += 1
            return state.calls
        }
        willSend(commands, to: stream, by: client, call: call)
    }

    private func willSend(_ commands: [(id: MessageID, name: String)], to stream: StreamID, by client: String, call: Int?) {
        let now = now()
        state.withLock { state in
            for (id, name) in commands {
                state.sends += 1
                guard state.places[id] == nil else { continue }
                state.places[id] = state.commands.count
                state.commands.append(SentCommand(id: id, stream: stream, name: name, client: client, call: call, sentAt: now))
            }
        }
    }

    public func acknowledged(_ id: MessageID, told: SentCommand.Told? = nil) {
        let now = now()
        change(id) { command in
            command.fate = .acknowledged
            if command.acknowledgedAt == nil { command.acknowledgedAt = now }
            if let told { command.told.append(told) }
        }
    }

    /// Only where no other send of the same id has an end of its own.
    public func refused(_ id: MessageID, _ reason: String) {
        change(id) { command in if command.fate == .indefinite { command.fate = .refused(reason: reason) } }
    }

    private func change(_ id: MessageID, _ body: (inout SentCommand) -> Void) {
        state.withLock { state in
            guard let place = state.places[id] else { return }
            body(&state.commands[place])
        }
    }

    /// In the order of sending.
    public var commands: [SentCommand] { state.withLock { $0.commands } }

    /// How often something was sent, how many commands those were, and how many of them were acknowledged.
    public var counts: (sends: Int, commands: Int, acknowledged: Int) {
        state.withLock { state in (state.sends, state.commands.count, state.commands.count { $0.fate == .acknowledged }) }
    }
}
