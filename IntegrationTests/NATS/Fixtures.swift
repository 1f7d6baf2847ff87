#if NATS
import EventHorizon
import EventHorizonBridge
import ServerSupport
import Synchronization
import Testing

@testable import EventHorizonNATS

/// Runs `body` with a nats-server of its own: `NATS_SERVER` names another than the one on PATH.
func withServer<Value>(version: NATSServer.Version = .any, arguments: [String] = [], _ body: (NATSServer) async throws -> Value) async throws -> Value
{
    try await NATSServer.start(version: version, arguments: arguments).use(body)
}

/// A value that several tasks see.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value { state.withLock { $0 } }
    func change(_ body: (inout Value) -> Void) { state.withLock { body(&$0) } }
}

let surroundings = Surroundings.system
let invitations: EventHorizon.Category = "guestlist.v1.Invitation"

func broker(_ server: NATSServer, application: String = "shop", partitions: Int = 8, lease: Duration = .seconds(2)) -> NATSBroker {
    NATSBroker(
        NATSConfiguration(
            servers: [server.url], application: application, partitionCount: partitions, leaseTime: lease, connectDeadline: .seconds(10)),
        surroundings: surroundings)
}

func command(_ aggregate: String, _ number: Int = 0, category: EventHorizon.Category = invitations, bytes: Int = 20) -> Envelope {
    let id = surroundings.makeID()
    return Envelope(
        id: id, kind: .command, stream: StreamID(category, aggregate),
        payload: Payload(
            name: "guestlist.v1.Create", schema: 1, contentType: "application/json",
            bytes: Array(repeating: UInt8(truncatingIfNeeded: number), count: bytes)),
        correlation: id, occurredAt: surroundings.clock.time,
        trace: TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        metadata: ["number": String(number)])
}

/// The commit of one event that decides a command.
func commit(_ command: Envelope, number: Int, at place: Place, sender: StreamID? = nil) -> Commit {
    let event = command.following(
        id: surroundings.makeID(), kind: .event, stream: command.stream,
        payload: Payload(name: "guestlist.v1.Created", schema: 1, contentType: "application/json", bytes: command.payload.bytes),
        at: surroundings.clock.time)
    return Commit(
        stream: command.stream, number: number, firstVersion: number, events: [event],
        decided: [
            DecidedCommand(
                id: command.id, place: place, outcome: .accepted(versions: number..<number + 1), correlation: command.correlation, sender: sender)
        ], inputs: [place])
}

func place(_ position: UInt64, partition: Int = 0) -> Place {
    Place(log: .commands, incarnation: 1, partition: partition, position: Position(position))
}

func soon(_ seconds: Double = 10) -> Instant { surroundings.clock.now + .seconds(seconds) }

/// Serves a member until `isDone` says so, or the time is over: starts what is claimed, finishes what is delivered, releases what is revoked.
/// - Parameter isDone: Sees each turn.
func serve(
    _ member: any GroupMember, within seconds: Double = 20, sourceLocation: SourceLocation = #_sourceLocation,
    _ isDone: (Turn, inout Outcome) throws -> Bool
) async throws {
    var turn = Turn()
    var outcome = Outcome()
    let deadline = soon(seconds)
    var notices: [BrokerNotice] = []
    while surroundings.clock.now < deadline {
        turn.removeAll()
        await member.next(&turn, until: deadline)
        notices += turn.notices
        for claim in turn.claimed { outcome.starts.append((claim.partition, claim.progress)) }
        for delivery in turn.deliveries { outcome.finished.append((delivery.partition, 1)) }
        outcome.releases += turn.revoked
        let done = try isDone(turn, &outcome)
        member.submit(&outcome)
        if done { return }
    }
    Issue.record("what was waited for did not happen in \(seconds) seconds; notices: \(notices.suffix(20))", sourceLocation: sourceLocation)
}

func handlers(_ name: String = "invitations", categories: Set<EventHorizon.Category> = [invitations]) -> GroupDeclaration {
    GroupDeclaration(name: name, log: .commands, categories: categories)
}

func readers(_ name: String = "readers", categories: Set<EventHorizon.Category> = [invitations]) -> GroupDeclaration {
    GroupDeclaration(name: name, log: .events, categories: categories)
}
#endif
