internal import EventHorizon

extension History {
    /// Definite is only what was acknowledged before the next was sent.
    func orderViolations(_ ledger: Ledger) -> [Violation] {
        var found: [Violation] = []
        var sentBefore: [Sender: [(command: SentCommand, place: Int)]] = [:]
        for command in sent {
            guard let place = ledger.decisions[command.id]?.first?.place else { continue }
            let sender = Sender(client: command.client, stream: command.stream)
            for earlier in sentBefore[sender] ?? [] where earlier.place > place {
                guard let acknowledged = earlier.command.acknowledgedAt, acknowledged <= command.sentAt else { continue }
                found.append(
                    Violation(
                        .order, command.stream,
                        "\(command.client) sent \(command.name) \(command.id) after \(earlier.command.name) \(earlier.command.id) was acknowledged, "
                            + "and it was decided before it"))
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
