#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonTesting
import ServerSupport
import Synchronization
import Testing

@testable import EventHorizonKafka

private let shared = SingleFlight<KafkaServer>()

/// One broker for all tests that do not break it: each has an application of its own there.
func sharedServer() async throws -> KafkaServer { try await shared.value { try await KafkaServer.start() } }

/// Runs `body` with a broker of its own.
func withServer<Value>(properties: [String] = [], _ body: (KafkaServer) async throws -> Value) async throws -> Value {
    try await KafkaServer.start(properties: properties).use(body)
}

let surroundings = Surroundings.system
let invitations: EventHorizon.Category = "guestlist.v1.Invitation"

private let applications = Mutex(0)

func newApplication() -> String {
    let number = applications.withLock {
        $0 += 1
        return $0
    }
    return "shop\(number)-\(UInt32.random(in: 0 ... .max))"
}

func configuration(_ server: KafkaServer, application: String = newApplication(), partitions: Int = 8) -> KafkaConfiguration {
    KafkaConfiguration(
        servers: [server.address], application: application, partitionCount: partitions, sessionTimeout: .seconds(3),
        replicaFolder: "\(server.folder)/replicas", connectDeadline: .seconds(20))
}

func broker(_ server: KafkaServer, application: String = newApplication(), partitions: Int = 8) -> KafkaBroker {
    KafkaBroker(configuration(server, application: application, partitions: partitions), surroundings: surroundings)
}

func command(_ aggregate: String, _ number: Int = 0, bytes: Int = 20) -> Envelope {
    let id = surroundings.makeID()
    return Envelope(
        id: id, kind: .command, stream: StreamID(invitations, aggregate),
        payload: Payload(
            name: "guestlist.v1.Create", schema: 1, contentType: "application/json",
            bytes: Array(repeating: UInt8(truncatingIfNeeded: number), count: bytes)),
        correlation: id, occurredAt: surroundings.clock.time, metadata: ["number": String(number)])
}

/// The commit of one event that decides a command.
func commit(_ command: Envelope, number: Int = 1, at position: UInt64 = 1, bytes: Int? = nil) -> Commit {
    let place = Place(log: .commands, incarnation: 1, partition: 0, position: Position(position))
    let event = command.following(
        id: surroundings.makeID(), kind: .event, stream: command.stream,
        payload: Payload(
            name: "guestlist.v1.Created", schema: 1, contentType: "application/json",
            bytes: bytes.map { Array(repeating: 1, count: $0) } ?? command.payload.bytes),
        at: surroundings.clock.time)
    return Commit(
        stream: command.stream, number: number, firstVersion: number, events: [event],
        decided: [DecidedCommand(id: command.id, place: place, outcome: .accepted(versions: number..<number + 1), correlation: command.correlation)],
        inputs: [place])
}

func handlers(_ name: String = "invitations") -> GroupDeclaration { GroupDeclaration(name: name, log: .commands, categories: [invitations]) }
func readers(_ name: String = "readers") -> GroupDeclaration { GroupDeclaration(name: name, log: .events, categories: [invitations]) }

func probe(_ member: any GroupMember) -> MemberProbe { MemberProbe(member, clock: surroundings.clock, limit: .seconds(40)) }

extension SettleAnswer.Result {
    /// Where it was stored by this very call.
    var place: Position? { if case .stored(let position) = self { position } else { nil } }
}

extension Admin {
    /// Blocks until the topic is gone.
    func delete(_ topic: String) throws {
        var deletion = rd_kafka_DeleteTopic_new(topic)
        defer { rd_kafka_DeleteTopic_destroy(deletion) }
        let queue = rd_kafka_queue_new(client.handle)
        defer { rd_kafka_queue_destroy(queue) }
        rd_kafka_DeleteTopics(client.handle, &deletion, 1, nil, queue)
        let event = rd_kafka_queue_poll(queue, 10_000)
        defer { rd_kafka_event_destroy(event) }
        guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(rd_kafka_event_error(event)) }
        while try topics()[topic] != nil {}
    }
}
#endif
