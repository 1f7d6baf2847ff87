import CBenchMessages
import EventHorizon
import EventHorizonProtobuf
import EventHorizonSQLite

/// Bookings of one event: a command a booking, an event a command.
struct Bookings: Aggregate {
    static let category = "bench.v1.Bookings"

    enum Command: Message {
        case book(guest: String, at: Double, seats: Int, vegetarian: Bool, note: String)
        enum CodingKeys: String, MessageName { case book = "bench.v1.Book" }
        static let catalog: MessageCatalog<Self> =
            Payloads.areJSON
            ? []
            : [
                .protobuf(.book, bench__booking__init) { message, booking, string in
                    guard case .book(let guest, let at, let seats, let vegetarian, let note) = message else { return }
                    booking.guest = string(guest)
                    booking.at = at
                    booking.seats = UInt32(seats)
                    booking.vegetarian = vegetarian ? 1 : 0
                    booking.note = string(note)
                } unpack: { booking in
                    .book(
                        guest: String(cString: booking.guest), at: booking.at, seats: Int(booking.seats), vegetarian: booking.vegetarian != 0,
                        note: String(cString: booking.note))
                }
            ]
    }

    enum Event: Message {
        case booked(guest: String, at: Double, seats: Int, vegetarian: Bool, note: String)
        enum CodingKeys: String, MessageName { case booked = "bench.v1.Booked" }
        static let catalog: MessageCatalog<Self> =
            Payloads.areJSON
            ? []
            : [
                .protobuf(.booked, bench__booking__init) { message, booking, string in
                    guard case .booked(let guest, let at, let seats, let vegetarian, let note) = message else { return }
                    booking.guest = string(guest)
                    booking.at = at
                    booking.seats = UInt32(seats)
                    booking.vegetarian = vegetarian ? 1 : 0
                    booking.note = string(note)
                } unpack: { booking in
                    .booked(
                        guest: String(cString: booking.guest), at: booking.at, seats: Int(booking.seats), vegetarian: booking.vegetarian != 0,
                        note: String(cString: booking.note))
                }
            ]
    }

    private var seats = 0

    func decide(_ command: Command) -> [Event] {
        switch command {
        case .book(let guest, let at, let seats, let vegetarian, let note):
            [.booked(guest: guest, at: at, seats: seats, vegetarian: vegetarian, note: note)]
        }
    }

    mutating func evolve(with event: Event) {
        switch event {
        case .booked(_, _, let seats, _, _): self.seats += seats
        }
    }
}

/// One row for each aggregate: how many bookings it has.
struct BookingCounts: Projector {
    static let name = "bookings"
    static let reads = Events(of: Bookings.self)
    let clock: CommitClock

    func createSchema(in db: borrowing SQLiteTransaction) throws {
        try db.execute("CREATE TABLE booking (id TEXT PRIMARY KEY, bookings INTEGER NOT NULL, version INTEGER NOT NULL)")
    }

    func project(_ event: Recorded<Bookings>, in db: borrowing SQLiteTransaction) throws {
        try db.execute(
            "INSERT INTO booking VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET bookings = bookings + 1, version = excluded.version", event.aggregate,
            event.version)
        switch event.body {
        case .booked(_, let at, _, _, _): clock.wrote(dueAt: at)
        }
    }
}
