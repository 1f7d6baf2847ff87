internal import EventHorizon

extension History {
    /// Definite is only what was acknowledged before the next was sent, and what one call sent in order.
    func orderViolations(_ ledger: Ledger) -> [Violation] {
        var found: [Violation] = []
        var sentBefore: [Sender: [(command: SentCommand, place: Int)]] = [:]
        for command in sent {
            guard let place = ledger.decisions[command.id]?.first?.place else { continue }
            let sender = Sender(client: command.client, stream: command.stream)
            for earlier in sentBefore[sender] ?? [] where earlier.place > place {
                let isOneCall = command.call != nil && earlier.command.call == command.call
                let isAcknowledged = earlier.command.acknowledgedAt.map { $0 <= command.sentAt } ?? false
                guard isOneCall || isAcknowledged else { continue }
                let how =
                    isOneCall
                    ? "in one call behind \(earlier.command.name) \(earlier.command.id)"
                    : "after \(earlier.command.name) \(earlier.command.id) was acknowledged"
                found.append(
                    Violation(
                        .order, command.stream, "\(command.client) sent \(command.name) \(command.id) \(how), and it was decided before it"))
            }
            sentBefore[sender, default: []].append((command, place))
        }
        return found
    }

    private struct Sender: Hashable {
        var client: String
        var stream: StreamID
    }
}
