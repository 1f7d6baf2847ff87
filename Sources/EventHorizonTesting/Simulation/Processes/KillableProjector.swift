internal import EventHorizon

/// A projector that throws inside the store's transaction when its process is killed there: what a killed process has not committed is not stored.
struct KillableProjector<Base: Projector>: Projector {
    static var name: String { Base.name }
    static var version: Int { Base.version }
    static var reads: Events<Base.Input> { Base.reads }

    let base: Base
    let process: SimulatedProcess

    func createSchema(in db: borrowing StoreTransaction<Base.Store>) throws { try base.createSchema(in: db) }

    func project(_ event: Base.Input, in db: borrowing StoreTransaction<Base.Store>) throws { try project(batch: [event], in: db) }

    func project(batch: [Base.Input], in db: borrowing StoreTransaction<Base.Store>) throws {
        try base.project(batch: batch, in: db)
        process.reach(.inTransaction)
        if process.isKilled { throw Killed() }
    }

    private struct Killed: Error {}
}
