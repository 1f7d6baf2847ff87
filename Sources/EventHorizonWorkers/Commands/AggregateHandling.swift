internal import EventHorizon

/// Runs an author's aggregate.
final class AggregateHandling<A: Aggregate>: CommandHandling {
    let category = Category(A.category)
    let extent = Outcome.Load.Extent.whole

    private let commands = A.Command.catalog
    private let events = A.Event.catalog
    private let formats: [any PayloadFormat]
    private let surroundings: Surroundings
    private var states: [A] = []
    /// Reused from call to call.
    private var payloads: [Payload] = []

    init(formats: [any PayloadFormat], surroundings: Surroundings) {
        self.formats = formats
        self.surroundings = surroundings
    }

    func load(_ commits: [StoredCommit], slot: Int) throws {
        forget(slot: slot)
        var past: [A.Event] = []
        for stored in commits {
            for event in stored.commit.events { try events.decode(event.payload, formats: formats, into: &past) }
        }
        A._fold(past, into: &states[slot])
    }

    func carryOn(_ commits: [StoredCommit], slot: Int) { forget(slot: slot) }

    func forget(slot: Int) {
        while states.count <= slot { states.append(A()) }
        states[slot] = A()
    }

    func decide(_ batch: ArraySlice<PendingCommand>, slot: Int, commit: Int, into draft: inout Draft) {
        let now = surroundings.clock.time
        for pending in batch {
            if let verdict = pending.verdict {
                draft.verdicts.append(verdict)
                continue
            }
            do {
                draft.verdicts.append(try verdict(on: pending.envelope, slot: slot, now: now, isTainted: &draft.isTainted))
            } catch let error as UnreadableMessage where error.isFuture {
                draft.future = "\(error)"
            } catch {
                draft.verdicts.append(.failed(.init(error), reason: "'\(pending.envelope.payload.name)' cannot be handled: \(error)"))
            }
            if draft.isTainted || draft.future != nil { return }
        }
    }

    private func verdict(on command: Envelope, slot: Int, now: Timestamp, isTainted: inout Bool) throws -> Verdict {
        payloads.removeAll(keepingCapacity: true)
        let rejection = try A._answer(
            command.payload, from: &states[slot], commands: commands, events: events, formats: formats, into: &payloads, isTainted: &isTainted)
        if let rejection {
            let bytes = try formats[0].encode { try rejection.encode(to: $0) }
            return .rejected(Payload(name: A.category + ".Rejection", contentType: formats[0].contentType, bytes: bytes))
        }
        return .accepted(
            events: payloads.map { command.following(id: surroundings.makeID(), kind: .event, stream: command.stream, payload: $0, at: now) })
    }
}
