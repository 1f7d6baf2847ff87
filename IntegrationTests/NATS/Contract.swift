#if NATS
import EventHorizon
import EventHorizonBridge
import EventHorizonTesting
import ServerSupport
import Testing

@testable import EventHorizonNATS

/// What every broker promises, on the oldest server that is supported and on the newest.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct Contract {
    @Test(arguments: BrokerContract.behaviours)
    func holds(_ behaviour: BrokerContract.Behaviour) async throws {
        try await withServer { server in try await behaviour.check(BrokerContract { broker(server) }) }
    }

    @Test(arguments: BrokerContract.behaviours)
    func holds_on_the_newest_server(_ behaviour: BrokerContract.Behaviour) async throws {
        try await withServer(version: .newest) { server in try await behaviour.check(BrokerContract { broker(server) }) }
    }
}
#endif
