import EventHorizon
import EventHorizonMemory
import EventHorizonTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct MemoryBrokerContractTests {
    @Test(arguments: BrokerContract.behaviours)
    func holds(_ behaviour: BrokerContract.Behaviour) async throws {
        try await behaviour.check(BrokerContract { MemoryBroker() })
    }

    @Test(arguments: BrokerContract.behaviours)
    func holds_with_atomic_settle(_ behaviour: BrokerContract.Behaviour) async throws {
        try await behaviour.check(BrokerContract { MemoryBroker(atomicSettle: true) })
    }

    @Test(arguments: BrokerContract.behaviours)
    func holds_with_one_partition(_ behaviour: BrokerContract.Behaviour) async throws {
        try await behaviour.check(BrokerContract { MemoryBroker(partitionCount: 1) })
    }
}
