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
    // Reused from call to call.
    private var bodies: [A.Command] = []
    private var decisions: [Decision<A.Event, A.Rejection>] = []

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
            } catch let error as PayloadError where error.isFuture {
                draft.future = "\(error)"
            } catch {
                draft.isTainted = !decisions.isEmpty
                draft.verdicts.append(.failed(reason: "'\(pending.envelope.payload.name)' cannot be handled: \(error)"))
            }
            if draft.isTainted || draft.future != nil { return }
        }
    }

    private func verdict(on command: Envelope, slot: Int, now: Timestamp, isTainted: inout Bool) throws -> Verdict {
        bodies.removeAll(keepingCapacity: true)
        decisions.removeAll(keepingCapacity: true)
        try commands.decode(command.payload, formats: formats, into: &bodies)
        A._decide(bodies, from: &states[slot], into: &decisions)
        var made: [Envelope] = []
        for decision in decisions {
            switch decision {
            case .rejected(let rejection):
                isTainted = decisions.count > 1
                let bytes = try formats[0].encode { try rejection.encode(to: $0) }
                return .rejected(Payload(name: A.category + ".Rejection", contentType: formats[0].contentType, bytes: bytes))
            case .accepted(let events):
                for event in events {
                    let payload = try self.events.encode(event, format: formats[0])
                    made.append(command.following(id: surroundings.makeID(), kind: .event, stream: command.stream, payload: payload, at: now))
                }
            }
        }
        return .accepted(events: made)
    }
}
