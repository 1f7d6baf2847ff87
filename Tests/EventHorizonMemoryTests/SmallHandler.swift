import EventHorizon
import EventHorizonMemory
import EventHorizonTesting

/// The smallest command handler that is right: one command at a time, recognised by its place and its id, one event each, progress after it is
/// stored.
struct SmallHandler {
    static let category: Category = "test.v1.Log"
    static let group = GroupDeclaration(name: "handler", log: .commands, categories: [category])

    let broker: MemoryBroker

    static func command(_ text: String, to aggregate: String, on broker: MemoryBroker) -> Envelope {
        let id = broker.surroundings.makeID()
        return Envelope(
            id: id, kind: .command, stream: StreamID(category, aggregate),
            payload: Payload(name: "test.v1.Write", contentType: "text/plain", bytes: Array(text.utf8)), correlation: id,
            occurredAt: broker.surroundings.clock.time)
    }

    /// Handles commands until `isDone`.
    func run(until isDone: () -> Bool) async throws {
        try await broker.withMember(of: Self.group) { member in
            let probe = MemberProbe(member, clock: broker.surroundings.clock)
            probe.settlesAtOnce = false
            var seen = 0
            while !isDone() {
                await probe.step()
                guard seen < probe.deliveries.count else { continue }
                let delivery = probe.deliveries[seen]
                let session = probe.sessions[seen]
                seen += 1
                if try await handle(delivery, session, member, probe) {
                    probe.settle(delivery)
                    probe.submit()
                }
            }
        }
    }

    /// False: the partition was lost meanwhile.
    private func handle(_ delivery: Delivery, _ session: Int, _ member: any GroupMember, _ probe: MemberProbe) async throws -> Bool {
        func isHeld() -> Bool { probe.held.contains(delivery.partition) && probe.session(of: delivery.partition) == session }
        guard isHeld(), case .command(let command) = delivery.content else { return isHeld() }
        let place = Place(log: .commands, incarnation: member.incarnation, partition: delivery.partition, position: delivery.position)
        while isHeld() {
            let load = probe.token()
            var outcome = Outcome()
            outcome.loads = [Outcome.Load(token: load, partition: delivery.partition, stream: command.stream, extent: .whole)]
            probe.submit(outcome)
            try await probe.wait(for: "the stream is loaded, or the partition lost") { probe.loaded[load] != nil || !isHeld() }
            guard isHeld(), case .commits(let commits) = probe.loaded[load] else { return false }
            if commits.contains(where: { $0.commit.decided.contains { $0.id == command.id } }) { return true }

            let append = probe.token()
            let version = (commits.last?.commit.version ?? 0) + 1
            let event = command.following(
                id: broker.surroundings.makeID(), kind: .event, stream: command.stream,
                payload: Payload(name: "test.v1.Written", contentType: "text/plain", bytes: command.payload.bytes), at: command.occurredAt)
            let commit = Commit(
                stream: command.stream, number: commits.count + 1, firstVersion: version, events: [event],
                decided: [
                    DecidedCommand(
                        id: command.id, place: place, outcome: .accepted(versions: version..<version + 1), correlation: command.correlation)
                ], inputs: [place])
            outcome = Outcome()
            outcome.appends = [
                Outcome.Append(token: append, partition: delivery.partition, commit: commit, previous: commits.last?.position ?? .start)
            ]
            probe.submit(outcome)
            try await probe.wait(for: "the append is answered, or the partition lost") { probe.answers[append] != nil || !isHeld() }
            switch probe.answers[append] {
            case .stored, .duplicate: return true
            case .conflict: continue
            case .refused(let reason): throw BrokerError(.refused, reason)
            case nil: return false
            }
        }
        return false
    }
}
