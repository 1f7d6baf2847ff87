internal import EventHorizon
internal import GuestList

/// A projector that cannot make rows of the one guest's events, until it is mended.
struct PoisonedProjector<Base: Projector>: Projector where Base.Input == Recorded<Invitation> {
    static var name: String { Base.name }
    static var version: Int { Base.version }
    static var reads: Events<Base.Input> { Base.reads }

    let base: Base
    let poison: Poison

    func createSchema(in db: borrowing StoreTransaction<Base.Store>) throws { try base.createSchema(in: db) }

    func project(_ event: Base.Input, in db: borrowing StoreTransaction<Base.Store>) throws {
        if poison.fails(.projectors), event.aggregate.description.hasSuffix(Poison.mark) { throw Poison.Bug() }
        try base.project(event, in: db)
    }
}
