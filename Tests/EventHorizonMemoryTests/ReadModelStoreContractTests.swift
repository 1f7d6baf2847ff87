import EventHorizon
import EventHorizonTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct ReadModelStoreContractTests {
    static let contract = ReadModelStoreContract<DictionaryStore>(
        createTable: { db in try db.connection.makeTable() },
        put: { db, key, value in db.connection[key] = "\(value)" },
        rows: { db in (db.connection.values ?? [:]).compactMapValues { Int($0) } })

    @Test(arguments: ReadModelStoreContract<DictionaryStore>.behaviours)
    func holds(_ behaviour: ReadModelStoreContract<DictionaryStore>.Behaviour) async throws { try await behaviour.check(Self.contract) }
}
