import EventHorizon
import EventHorizonMemory
import EventHorizonWorkers
import Synchronization
import Testing

/// Dead letters as an outsider reads them: which there are, and what became of each.
@Suite(.timeLimit(.minutes(1))) struct DeadLettersTests {
    let broker = MemoryBroker(application: "bank")
    let commands: CommandPublisher
    let ada: Fragile.ID = "ada"
    let stream = StreamID(Category(Fragile.category), "ada")
    let bug: String

    init() {
        commands = CommandPublisher(broker: broker)
        bug = "\(broker.surroundings.makeID())"
        Fragile.broken.withLock { [bug] in _ = $0.insert(bug) }
    }

    private func mend() { Fragile.broken.withLock { _ = $0.remove(bug) } }
    private func add(_ number: Int) -> Fragile.Command { .add(number: number, name: bug) }

    private func handler(_ action: FailurePolicy.Action = .park) -> CommandHandlerWorker {
        var worker = CommandHandlerWorker(Fragile.self, broker: broker)
        worker.settings.failures.retry = RetryPolicy(firstDelay: .milliseconds(1), longestDelay: .milliseconds(4), budget: .milliseconds(20))
        worker.settings.failures[.failed].action = action
        return worker
    }

    private func letters(_ filter: LetterFilter = LetterFilter()) async throws -> [FiledLetter] {
        var found: [FiledLetter] = []
        try await DeadLetters(broker: broker).read(filter) { letters in
            found += letters
            return true
        }
        return found
    }

    /// Parks ada: her first command fails, the others come behind it.
    private func park(_ numbers: [Int]) async throws {
        for number in numbers { try await commands.send(add(number), to: ada) }
        try await eventually("every command has an outcome") { broker.decisions(of: "ada").count >= numbers.count }
    }

    @Test func a_letter_is_told_with_its_message_and_state() async throws {
        try await running([handler()]) { try await park([-1, 2]) }
        let found = try await letters()
        #expect(found.map(\.state) == [.parked, .parked])
        #expect(found.map(\.letter?.stream) == [stream, stream])
        #expect(found.map(\.message?.id) == found.map(\.command) && found.allSatisfy { $0.command != nil })
        #expect(found[0].reason.contains("Bug") && found[1].reason.contains("behind"))
        #expect(try await DeadLetters(broker: broker).letter(found[1].id) == found[1])
        #expect(try await DeadLetters(broker: broker).letter(LetterID(partition: found[0].id.partition, position: Position(999))) == nil)
    }

    @Test func filters_hold_together() async throws {
        try await running([handler()]) {
            try await park([-1, 2])
            try await commands.send(add(-3), to: Fragile.ID("bob"))
            try await eventually("bob is parked") { !broker.decisions(of: "bob").isEmpty }
        }
        #expect(try await letters(LetterFilter(stream: stream)).count == 2)
        #expect(try await letters(LetterFilter(reason: "Bug")).map(\.letter?.stream?.aggregate).sorted { $0! < $1! } == ["ada", "bob"])
        #expect(try await letters(LetterFilter(reason: "Bug", stream: stream)).count == 1)
        #expect(try await letters(LetterFilter(type: "bank.v1.Add")).count == 3)
        #expect(try await letters(LetterFilter(type: "bank.v1.Withdraw")).isEmpty)
        #expect(try await letters(LetterFilter(group: "commands.bank.v1.Fragile")).count == 3)
        #expect(try await letters(LetterFilter(group: "commands")).isEmpty)
        #expect(try await letters(LetterFilter(state: .dropped)).isEmpty)
        #expect(try await letters(LetterFilter(state: .parked)).count == 3)
        #expect(LetterFilter(state: .parked).isOpen && !LetterFilter(type: "x").isOpen)
    }

    @Test func what_became_of_a_letter_is_told_from_its_streams_commits() async throws {
        try await running([handler()]) {
            try await park([-1, 2, -3, 4])
            let ids = try await letters().compactMap(\.command)
            try await commands.drop([ids[2]], of: stream)
            #expect(try await letters().map(\.state) == [.parked, .parked, .dropped, .parked])
            mend()
            try await commands.release(stream)
        }
        #expect(try await letters().map(\.state) == [.decided, .decided, .dropped, .decided])
    }

    @Test func a_letter_that_is_skipped_is_final() async throws {
        try await running([handler(.skip)]) { try await park([-1, 2]) }
        let found = try await letters()
        #expect(found.map(\.state) == [.givenUp])
        #expect(found.first?.command == broker.decisions(of: "ada").first?.id)
    }

    @Test func a_letter_that_no_commit_names_does_not_count() async throws {
        try await running([handler()]) { try await park([-1]) }
        var letter = try #require(broker.records(of: .deadLetters).first?.letter)
        // As where a worker died before its commit: the next one reads the command again, and writes another.
        let orphan = letter
        letter.place.position = Position(letter.place.position.rawValue + 1)
        // A projector's: no stream says what became of it.
        var event = letter
        event.place.log = .events
        for posted in [orphan, letter, event] { _ = try await post(posted) }
        #expect(try await letters().map(\.state) == [.parked, .uncounted, .uncounted, .unknown])
    }

    @Test func a_record_that_cannot_be_read_is_told_and_matches_no_filter() async throws {
        broker.store(foreign: [1, 2, 3], in: .deadLetters, stream: stream)
        let found = try await letters()
        #expect(found.map(\.state) == [.unreadable] && found.first?.letter == nil && found.first?.reason.isEmpty == false)
        #expect(try await letters(LetterFilter(stream: stream)).isEmpty)
        #expect(try await letters(LetterFilter(state: .unreadable)).count == 1)
    }

    @Test func a_letter_that_holds_only_the_place_finds_its_message_there() async throws {
        try await running([handler()]) { try await park([-1]) }
        let first = try #require(try await letters().first)
        var letter = try #require(first.letter)
        letter.record = []
        let id = try await post(letter)
        let found = try #require(try await DeadLetters(broker: broker).letter(id))
        #expect(found.message == first.message && found.letter?.record == [])
    }

    /// Stores a letter, as a member of another group would.
    private func post(_ letter: DeadLetter) async throws -> LetterID {
        try await broker.withMember(of: GroupDeclaration(name: "other", log: .events, categories: ["bank.v1.Nobody"])) { member in
            var turn = Turn()
            var outcome = Outcome()
            while true {
                turn.removeAll()
                await member.next(&turn, until: nil)
                for answer in turn.answers {
                    if case .stored(let position) = answer.result { return LetterID(partition: letter.place.partition, position: position) }
                }
                guard turn.claimed.contains(where: { $0.partition == letter.place.partition }) else { continue }
                outcome.letters = [.init(token: 1, partition: letter.place.partition, letter: letter)]
                member.submit(&outcome)
            }
        }
    }

    @Test func a_letters_name_reads_as_it_is_written() {
        #expect(LetterID("3/17") == LetterID(partition: 3, position: Position(17)))
        #expect(LetterID("3/17")?.description == "3/17")
        for wrong in ["", "3", "3/", "/17", "3/0", "-1/2", "3/17/1", "a/b"] { #expect(LetterID(wrong) == nil, "\(wrong)") }
    }
}
