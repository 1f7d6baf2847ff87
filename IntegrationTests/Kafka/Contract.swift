#if Kafka
import EventHorizonTesting
import Testing

/// What every broker promises. Only a group's owners are kept apart here: one group handles a category, so two groups never append to one stream.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct Contract {
    @Test(arguments: BrokerContract.behaviours)
    func holds(_ behaviour: BrokerContract.Behaviour) async throws {
        let contract = try await BrokerContract(features: [.longAggregateIDs]) { [server = sharedServer()] in broker(server) }
        try await behaviour.check(contract)
    }
}
#endif
