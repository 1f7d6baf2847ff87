#if Kafka
import EventHorizon
import EventHorizonBridge
import ServerSupport
import Synchronization
import Testing

@testable import EventHorizonKafka

private let shared = SingleFlight<KafkaServer>()

/// One broker for all tests that do not break it: each has an application of its own there.
func sharedServer() async throws -> KafkaServer { try await shared.value { try await KafkaServer.start() } }

/// Runs `body` with a broker of its own.
func withServer<Value>(properties: [String] = [], _ body: (KafkaServer) async throws -> Value) async throws -> Value {
    let server = try await KafkaServer.start(properties: properties)
    do {
        let value = try await body(server)
        await server.stop()
        return value
    } catch {
        await server.stop()
        throw error
    }
}

let surroundings = Surroundings.system
let invitations: EventHorizon.Category = "guestlist.v1.Invitation"

private let replicas: TemporaryFolder? = try? TemporaryFolder("eventhorizon-replicas")
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
        replicaFolder: replicas?.path ?? "/nonexistent", connectDeadline: .seconds(20))
}

func broker(_ server: KafkaServer, application: String = newApplication(), partitions: Int = 8) -> KafkaBroker {
    KafkaBroker(configuration(server, application: application, partitions: partitions), surroundings: surroundings)
}
#endif
