import EventHorizon
import EventHorizonHistory
import Synchronization

/// What the clients sent and were told, as it happens.
final class SentLog: Sendable {
    private struct State {
        var commands: [SentCommand] = []
        var places: [MessageID: Int] = [:]
        var sends = 0
        var acknowledged = 0
    }
    private let state = Mutex(State())
    private let clock: RunClock

    init(clock: RunClock) { self.clock = clock }

    /// Before it is sent, the first time or again.
    func willSend(_ id: MessageID, to stream: StreamID, _ name: String, by client: String) {
        let now = clock.now
        state.withLock { state in
            state.sends += 1
            guard state.places[id] == nil else { return }
            state.places[id] = state.commands.count
            state.commands.append(SentCommand(id: id, stream: stream, name: name, client: client, sentAt: now))
        }
    }

    func acknowledged(_ id: MessageID, told: SentCommand.Told? = nil) {
        let now = clock.now
        change(id) { command in
            command.fate = .acknowledged
            if command.acknowledgedAt == nil { command.acknowledgedAt = now }
            if let told { command.told.append(told) }
        }
    }

    /// Only where no other send of the same id has an end of its own.
    func refused(_ id: MessageID, _ reason: String) {
        change(id) { command in if command.fate == .indefinite { command.fate = .refused(reason: reason) } }
    }

    private func change(_ id: MessageID, _ body: (inout SentCommand) -> Void) {
        state.withLock { state in
            guard let place = state.places[id] else { return }
            body(&state.commands[place])
        }
    }

    var commands: [SentCommand] { state.withLock { $0.commands } }

    var counts: (sends: Int, commands: Int, acknowledged: Int) {
        state.withLock { state in (state.sends, state.commands.count, state.commands.count { $0.fate == .acknowledged }) }
    }
}
