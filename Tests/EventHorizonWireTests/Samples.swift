import EventHorizon
import EventHorizonWire

/// A full and a bare record of each kind, the same in every run; `golden/` holds their bytes.
enum Samples {
    static func id(_ number: UInt64) -> MessageID { MessageID(high: 0x0197_5A2B_3C4D_7E5F, low: 0x8000_0000_0000_0000 | number) }

    static let athena = StreamID("guestlist.v1.Invitation", "athena/müller")
    static let list = StreamID("guestlist.v1.GuestList", "olympus")
    static let place = Place(log: .commands, incarnation: 0x1122_3344_5566_7788, partition: 3, position: Position(300))
    static let eventPlace = Place(log: .events, incarnation: 0x1122_3344_5566_7788, partition: 3, position: Position(7), index: 2)
    static let json = Payload(
        name: "guestlist.v1.CreateInvite", schema: 2, contentType: "application/json", bytes: Array(#"{"name":"Athena","age":42}"#.utf8))

    static let envelope = Envelope(
        id: id(1), kind: .command, stream: athena, payload: json, expectedVersion: 0, correlation: id(2), causation: id(3),
        occurredAt: Timestamp(nanoseconds: 1_700_000_000_123_456_789),
        trace: TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "congo=t61rcWkgMzE"), sender: list,
        origin: Origin(kind: .rejection, stream: athena, place: eventPlace, version: 0, time: Timestamp(nanoseconds: 7), command: json),
        tenant: "olympus", principal: "zeus", replyTo: "_INBOX.1", expiry: Timestamp(nanoseconds: 0), metadata: ["b": "2", "a": "nul \0 inside"])
    static let bareEnvelope = Envelope(
        id: MessageID(high: 0, low: 0), kind: .event, stream: StreamID("c", "a"), payload: Payload(name: "t", contentType: "", bytes: []),
        correlation: id(2), occurredAt: Timestamp(nanoseconds: -1))

    static func event(_ number: UInt64, of stream: StreamID) -> Envelope {
        Envelope(
            id: id(number), kind: .event, stream: stream,
            payload: Payload(name: "guestlist.v1.InviteCreated", contentType: "application/json", bytes: Array(#"{"name":"Athena"}"#.utf8)),
            correlation: id(2), causation: id(1), occurredAt: Timestamp(nanoseconds: 1_700_000_000_000_000_000))
    }

    static let commit = Commit(
        stream: athena, number: 2, firstVersion: 3, events: [event(10, of: athena), event(11, of: athena)],
        decided: [
            DecidedCommand(id: id(1), place: place, outcome: .accepted(versions: 3..<5), correlation: id(2)),
            DecidedCommand(
                id: id(4), place: place,
                outcome: .rejected(Payload(name: "guestlist.v1.AlreadyDeclined", contentType: "application/json", bytes: [123, 125])),
                correlation: id(3), sender: list, command: json),
            DecidedCommand(id: id(5), place: place, outcome: .deadLettered(reason: "not JSON: give it a {"), correlation: id(5)),
        ],
        recent: [RecentCommand(id: id(6), outcome: .accepted(versions: 2..<2), commit: 1)],
        inputs: [place, Place(log: .deadLetters, incarnation: 1, partition: 0, position: .start)],
        step: SagaStep(state: json, effects: [envelope], undo: [envelope], isComplete: true))
    static let bareCommit = Commit(
        stream: StreamID("c", "a"), number: 1, firstVersion: 1,
        decided: [DecidedCommand(id: id(1), place: place, outcome: .accepted(versions: 1..<1), correlation: id(1))])

    /// What of a parked stream is parked, and what released it.
    static let parkedCommit = Commit(
        stream: athena, number: 5, firstVersion: 6,
        decided: [
            DecidedCommand(id: id(1), place: place, outcome: .parked(letter: Position(300), reason: "given up after 3 attempts"), correlation: id(2)),
            DecidedCommand(id: id(4), place: place, outcome: .parked(letter: .start, reason: ""), correlation: id(3)),
            DecidedCommand(id: id(5), place: place, outcome: .released, correlation: id(5)),
        ],
        inputs: [place], parked: 2)

    static let letter = DeadLetter(
        place: place, group: "invitations", reason: "not JSON: give it a {", attempts: 3, worker: "host-1/42",
        firstFailedAt: Timestamp(nanoseconds: 1_700_000_000_000_000_000), lastFailedAt: Timestamp(nanoseconds: 1_700_000_009_000_000_000),
        stream: athena, type: "guestlist.v1.CreateInvite", record: [0, 255, 10])
    static let bareLetter = DeadLetter(
        place: Place(log: .events, incarnation: 0, partition: 0, position: .start), group: "", reason: "", attempts: 0, worker: "",
        firstFailedAt: Timestamp(nanoseconds: 0), lastFailedAt: Timestamp(nanoseconds: 0), stream: nil, type: "", record: [])

    static let answer = Answer(
        command: id(1), stream: athena, outcome: .rejected(json),
        place: Place(log: .events, incarnation: 9, partition: 7, position: Position(1 << 40)))

    static let topology = Topology(
        partitionCount: 8, incarnations: [.commands: 1, .events: 0xFFFF_FFFF_FFFF_FFFF, .deadLetters: 3],
        groups: [
            "invitations": .init(name: "invitations", log: .commands, categories: ["guestlist.v1.Invitation", "guestlist.v1.GuestList"], store: nil),
            "guests": .init(name: "guests", log: .events, categories: [], store: "file 3f2504e0"),
        ])
    static let bareTopology = Topology(partitionCount: 1, incarnations: [:])

    static let ownership = OwnershipRecord(
        owner: "host-1/42", epoch: 7, progress: Position(1000), incarnation: 5, trying: Position(0), attempts: 2, beat: 90)
    static let released = OwnershipRecord(owner: "", epoch: 0, progress: .start, incarnation: 0)

    static let checkpoint = CheckpointRecord(
        projection: "Guests", version: 2, partition: 3, checkpoint: Checkpoint(incarnation: 5, position: Position(1000)))
    static let holdingCheckpoint = CheckpointRecord(
        projection: "Guests", version: 1, partition: 0,
        checkpoint: Checkpoint(
            incarnation: 5, position: Position(1000),
            held: [
                StreamID("guestlist.v1.Invitation", "b"): HeldStream(first: Position(1), last: Position(1)),
                StreamID("guestlist.v1.Invitation", "a"): HeldStream(first: Position(7), last: Position(900), isParked: true),
            ]))
}
