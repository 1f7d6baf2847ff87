import EventHorizon
import EventHorizonHistory
import EventHorizonJSON
import GuestList
import GuestListHistory

let invitation = Category(Invitation.category)
let seating = Category("saga.seating")

/// A history as it should be, made step by step: what a test breaks is then the only thing that is wrong with it.
struct Story {
    static let effects = MessageID(high: 0x6A5D_0E2B_91C4_4F7E, low: 0x8B3D_52C7_1E90_A4F6)
    static let inputs = MessageID(high: 0x2F81_C3D4_7A06_4B59, low: 0x9E17_D0A8_3C5B_F261)

    var history = History(partitionCount: 8, sent: [], events: [])
    var tables = GuestListTables()
    private var ids: UInt64 = 0
    private var position: [Log: UInt64] = [:]
    private var ends: [StreamID: (number: Int, version: Int)] = [:]
    private var time = 0

    /// Three guests of one list who accept: two are confirmed, the third is denied. A fourth declines, and is told that he cannot accept.
    static func whole() throws -> Story {
        var story = Story()
        for guest in ["athena", "hades", "poseidon"] {
            try story.send(.create(list: "olympus", name: guest, age: 42), to: guest) { story, command in
                try story.decide(command, [.created(list: "olympus", name: guest, age: 42)])
            }
            try story.send(.accept, to: guest) { story, command in
                let events = try story.decide(command, [.accepted(list: "olympus")])
                try story.react(to: events[0], .init(guest == "poseidon" ? .deny : .confirm), as: guest == "poseidon" ? .denied : .confirmed)
            }
        }
        try story.send(.create(list: "olympus", name: "zeus", age: nil), to: "zeus") { story, command in
            try story.decide(command, [.created(list: "olympus", name: "zeus", age: nil)])
        }
        try story.send(.decline, to: "zeus") { story, command in try story.decide(command, [.declined]) }
        try story.send(.accept, to: "zeus") { story, command in
            try story.reject(command, .alreadyAnswered(name: "zeus", with: .declined))
        }
        story.history.seen = story.history.events
        story.history.endOfEvents = story.history.events.last!.position
        var checkpoints: [Int: Position] = [:]
        for logged in story.history.events where logged.commit.stream.category == invitation { checkpoints[logged.partition] = logged.position }
        story.history.readModels = [StoredProgress(projection: "invitations-v1", categories: [invitation], checkpoints: checkpoints)]
        story.tables.lists["olympus"] = .init(invited: 4, accepted: 3, declined: 1, confirmed: 2, denied: 1)
        for (guest, status) in [("athena", "confirmed"), ("hades", "confirmed"), ("poseidon", "denied"), ("zeus", "declined")] {
            story.tables.invitations[guest] = .init(list: "olympus", name: guest, age: guest == "zeus" ? nil : 42, status: status)
        }
        return story
    }

    // MARK: Steps

    private mutating func makeID() -> MessageID {
        ids += 1
        return MessageID(high: 0x7000, low: 0x8000_0000_0000_0000 | ids)
    }

    private mutating func next(_ log: Log) -> Position {
        position[log, default: 0] += 1
        return Position(position[log]!)
    }

    private func partition(_ stream: StreamID) -> Int { Partitioner.partition(of: stream.aggregate, count: history.partitionCount) }

    struct Body {
        var command: Invitation.Command
        init(_ command: Invitation.Command) { self.command = command }
    }

    private mutating func log(_ envelope: Envelope) -> LoggedCommand {
        let logged = LoggedCommand(partition: partition(envelope.stream), position: next(.commands), envelope: envelope)
        history.commands.append(logged)
        return logged
    }

    mutating func send(_ body: Invitation.Command, to guest: String, _ body2: (inout Story, LoggedCommand) throws -> Void) throws {
        let id = makeID()
        let stream = StreamID(invitation, guest)
        let payload = try Invitation.Command.catalog.encode(body, format: .json)
        time += 10
        let place = history.sent.count
        history.sent.append(
            SentCommand(
                id: id, stream: stream, name: payload.name, client: "host", sentAt: .milliseconds(time), fate: .acknowledged,
                acknowledgedAt: .milliseconds(time + 5)))
        let logged = log(Envelope(id: id, kind: .command, stream: stream, payload: payload, correlation: id, occurredAt: Timestamp(nanoseconds: 0)))
        try body2(&self, logged)
        let last = history.events.last { $0.commit.decided.contains { $0.id == id } }!
        let outcome = last.commit.decided.first { $0.id == id }!.outcome
        let told = Place(log: .events, incarnation: 1, partition: last.partition, position: last.position)
        history.sent[place].told = [.init(outcome: outcome, place: told)]
    }

    @discardableResult
    mutating func decide(_ command: LoggedCommand, _ events: [Invitation.Event]) throws -> [Envelope] {
        var made: [Envelope] = []
        for event in events {
            made.append(
                command.envelope.following(
                    id: makeID(), kind: .event, stream: command.envelope.stream, payload: try Invitation.Event.catalog.encode(event, format: .json),
                    at: Timestamp(nanoseconds: 0)))
        }
        commit(command, made, nil)
        return made
    }

    mutating func reject(_ command: LoggedCommand, _ rejection: Invitation.Rejection) throws {
        let bytes = try JSONFormat().encode { try rejection.encode(to: $0) }
        commit(command, [], nil, rejected: Payload(name: "\(Invitation.category).Rejection", contentType: "application/json", bytes: bytes))
    }

    /// The list's saga takes the event; its effect is decided at once.
    mutating func react(to event: Envelope, _ effect: Body, as outcome: Invitation.Event) throws {
        let stream = StreamID(seating, "olympus")
        var input = event.following(
            id: MessageID(named: "\(stream)/\(event.id)".utf8, in: Self.inputs), kind: .command, stream: stream, payload: event.payload,
            at: Timestamp(nanoseconds: 0))
        input.origin = Origin(kind: .startOrResume, stream: event.stream, version: 2, time: Timestamp(nanoseconds: 0))
        let taken = log(input)
        let number = (ends[stream]?.number ?? 0) + 1
        var command = input.following(
            id: MessageID(named: "\(stream)/\(number)/0".utf8, in: Self.effects), kind: .command, stream: event.stream,
            payload: try Invitation.Command.catalog.encode(effect.command, format: .json), at: Timestamp(nanoseconds: 0))
        command.sender = stream
        commit(taken, [], SagaStep(state: Payload(name: "seating", contentType: "application/json", bytes: []), effects: [command]))
        try decide(log(command), [outcome])
    }

    private mutating func commit(_ command: LoggedCommand, _ events: [Envelope], _ step: SagaStep?, rejected: Payload? = nil) {
        let stream = command.envelope.stream
        let (number, version) = ends[stream] ?? (0, 0)
        let place = Place(log: .commands, incarnation: 1, partition: command.partition, position: command.position)
        let outcome = rejected.map { CommandOutcome.rejected($0) } ?? .accepted(versions: version + 1..<version + 1 + events.count)
        let decided = DecidedCommand(
            id: command.envelope.id, place: place, outcome: outcome, correlation: command.envelope.correlation, sender: command.envelope.sender)
        let commit = Commit(
            stream: stream, number: number + 1, firstVersion: version + 1, events: events, decided: [decided], inputs: [place], step: step)
        ends[stream] = (number + 1, version + events.count)
        history.events.append(LoggedCommit(partition: partition(stream), position: next(.events), commit: commit))
    }

    // MARK: What a test looks at

    /// The nth commit of a stream, counted from 1.
    func index(_ stream: StreamID, _ number: Int) -> Int { history.events.firstIndex { $0.commit.stream == stream && $0.commit.number == number }! }

    subscript(_ stream: StreamID, _ number: Int) -> Commit {
        get { history.events[index(stream, number)].commit }
        set { history.events[index(stream, number)].commit = newValue }
    }

    /// The checks that find something.
    var checks: Set<Violation.Check> { Set((history.violations() + history.guestListViolations(tables)).map(\.check)) }
}

func guest(_ name: String) -> StreamID { StreamID(invitation, name) }
let list = StreamID(seating, "olympus")
