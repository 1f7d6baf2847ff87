import EventHorizon
import Synchronization

/// A store of read models in a dictionary: small enough to be seen to be right, so that the contract can be held against it.
final class DictionaryStore: ReadModelStore {
    typealias Connection = Rows

    final class Rows {
        var values: [String: String]?
        init(_ values: [String: String]?) { self.values = values }

        func makeTable() throws {
            guard values == nil else { throw TableExists() }
            values = [:]
        }
        subscript(key: String) -> String? {
            get { values?[key] }
            set { values?[key] = newValue }
        }
    }

    struct TableExists: Error {}

    private struct Place {
        var identity: String
        var rows: [String: String]?
        var checkpoints: [Int: Checkpoint] = [:]
    }

    private let places = Mutex<[ProjectionID: Place]>([:])

    static func temporary() -> Self { Self() }

    func prepare(_ projection: ProjectionID, schema: (borrowing StoreTransaction<DictionaryStore>) throws -> Void) throws -> String? {
        try places.withLock { places in
            if let place = places[projection] { return place.identity }
            let rows = Rows(nil)
            try schema(StoreTransaction(connection: rows))
            let place = Place(identity: "\(SystemRandomness().next())", rows: rows.values)
            places[projection] = place
            return place.identity
        }
    }

    func checkpoints(of projection: ProjectionID) throws -> [Int: Checkpoint] { places.withLock { $0[projection]?.checkpoints ?? [:] } }

    func write(_ projection: ProjectionID, moving moves: [CheckpointMove], _ body: (borrowing StoreTransaction<DictionaryStore>) throws -> Void)
        throws
    {
        try places.withLock { places in
            guard var place = places[projection] else { throw ReadModelError.missing(projection) }
            for move in moves {
                guard place.checkpoints[move.partition] == move.from else {
                    throw CheckpointConflict(partition: move.partition, expected: move.from, actual: place.checkpoints[move.partition])
                }
                place.checkpoints[move.partition] = move.to
            }
            let rows = Rows(place.rows)
            try body(StoreTransaction(connection: rows))
            place.rows = rows.values
            places[projection] = place
        }
    }

    func snapshot<Value>(
        of projection: ProjectionID, _ body: (borrowing StoreTransaction<DictionaryStore>, [Int: Checkpoint]) throws -> Value
    ) throws -> Value {
        guard let place = places.withLock({ $0[projection] }) else { throw ReadModelError.missing(projection) }
        return try body(StoreTransaction(connection: Rows(place.rows)), place.checkpoints)
    }
}
