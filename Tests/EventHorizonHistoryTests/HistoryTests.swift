import EventHorizon
import EventHorizonHistory
import EventHorizonJSON
import GuestList
import GuestListHistory
import Testing

/// Each history is wrong in one way.
struct HistoryTests {
    let story: Story
    init() throws { story = try Story.whole() }

    /// What was read while it was written is not what a test is about, unless it says so.
    private func checks(of story: Story) -> Set<Violation.Check> {
        var story = story
        story.history.seen = []
        return story.checks
    }

    @Test func a_history_as_it_should_be_violates_nothing() {
        #expect(story.history.violations() == [])
        #expect(story.history.guestListViolations(story.tables) == [])
    }

    // MARK: Outcomes

    @Test func an_acknowledged_command_without_an_outcome_is_found() {
        var story = story
        story.history.events.removeLast()
        #expect(checks(of: story) == [.outcomes])
    }

    @Test func what_was_not_acknowledged_may_have_no_outcome() {
        var story = story
        story.history.events.removeLast()
        story.history.sent[story.history.sent.count - 1].fate = .indefinite
        story.history.sent[story.history.sent.count - 1].told = []
        #expect(checks(of: story) == [])
    }

    @Test func a_command_that_was_decided_twice_is_found() {
        var story = story
        var again = story[guest("zeus"), 3]
        again.number = 4
        again.decided[0].place.position = Position(100)
        story.history.events.append(LoggedCommit(partition: story.history.events.last!.partition, position: Position(100), commit: again))
        story.history.endOfEvents = Position(100)
        story.history.readModels[0].checkpoints[story.history.events.last!.partition] = Position(100)
        #expect(checks(of: story) == [.outcomes])
    }

    @Test func a_refused_command_with_an_outcome_is_found() {
        var story = story
        story.history.sent[0].fate = .refused(reason: "too large")
        #expect(checks(of: story) == [.outcomes])
    }

    @Test func a_command_that_another_stream_decided_is_found() {
        var story = story
        story.history.sent[0].stream = guest("hermes")
        #expect(checks(of: story).contains(.outcomes))
    }

    // MARK: Streams

    @Test func a_missing_commit_is_found() {
        var story = story
        story[guest("zeus"), 3].number = 4
        #expect(checks(of: story) == [.streams])
    }

    @Test func two_commits_at_one_place_are_found() {
        var story = story
        story[guest("zeus"), 3].number = 2
        #expect(checks(of: story) == [.streams])
    }

    @Test func a_gap_in_the_versions_is_found() {
        var story = story
        story[guest("zeus"), 3].firstVersion = 4
        #expect(checks(of: story) == [.streams])
    }

    @Test func a_commit_in_another_partition_is_found() {
        var story = story
        let index = story.index(guest("zeus"), 3)
        story.history.events[index].partition = (story.history.events[index].partition + 1) % 8
        #expect(checks(of: story).contains(.streams))
    }

    @Test func an_event_of_another_stream_is_found() {
        var story = story
        story[guest("zeus"), 2].events[0].stream = guest("hades")
        #expect(checks(of: story).contains(.streams))
    }

    @Test func commands_decided_in_another_order_than_they_were_read_are_found() {
        var story = story
        story[guest("zeus"), 2].decided[0].place.position = Position(1)
        #expect(checks(of: story) == [.streams])
    }

    // MARK: Effects

    @Test func versions_that_belong_to_no_command_are_found() {
        var story = story
        story[guest("zeus"), 2].decided[0].outcome = .accepted(versions: 2..<2)
        let id = story[guest("zeus"), 2].decided[0].id
        story.history.sent.removeAll { $0.id == id }
        #expect(checks(of: story).contains(.effects))
    }

    @Test func an_event_that_another_command_caused_is_found() {
        var story = story
        story[guest("zeus"), 2].events[0].causation = story[guest("zeus"), 1].decided[0].id
        #expect(checks(of: story).contains(.effects))
    }

    @Test func one_event_in_two_places_is_found() {
        var story = story
        story[guest("hades"), 1].events[0].id = story[guest("athena"), 1].events[0].id
        #expect(checks(of: story).contains(.effects))
    }

    // MARK: Answers

    @Test func an_answer_that_the_log_contradicts_is_found() {
        var story = story
        story.history.sent[0].told[0].outcome = .accepted(versions: 2..<3)
        #expect(checks(of: story) == [.answers])
    }

    @Test func a_place_before_the_commit_is_found() {
        var story = story
        story.history.sent[2].told[0].place?.position = Position(1)
        #expect(checks(of: story) == [.answers])
    }

    @Test func an_answer_without_an_outcome_is_found() {
        var story = story
        let last = story.history.sent.count - 1
        story.history.events.removeLast()
        story.history.sent[last].fate = .indefinite
        #expect(checks(of: story) == [.answers])
    }

    // MARK: Order

    @Test func a_later_command_that_was_decided_first_is_found() {
        var story = story
        // The decline is said to have been sent when the acceptance was acknowledged.
        story.history.sent.swapAt(story.history.sent.count - 1, story.history.sent.count - 2)
        let last = story.history.sent.count - 1
        story.history.sent[last].sentAt = .seconds(100)
        #expect(checks(of: story) == [.order])
    }

    @Test func what_was_sent_before_the_first_was_acknowledged_may_come_first() {
        var story = story
        story.history.sent.swapAt(story.history.sent.count - 1, story.history.sent.count - 2)
        let last = story.history.sent.count - 1
        story.history.sent[last - 1].fate = .indefinite
        story.history.sent[last - 1].acknowledgedAt = nil
        #expect(checks(of: story) == [])
    }

    @Test func commands_of_one_call_that_were_decided_in_another_order_are_found() {
        var story = story
        story.history.sent.swapAt(story.history.sent.count - 1, story.history.sent.count - 2)
        for index in story.history.sent.indices.suffix(2) {
            story.history.sent[index].acknowledgedAt = nil
            story.history.sent[index].call = 1
        }
        #expect(checks(of: story) == [.order])
    }

    // MARK: Sagas

    @Test func an_effect_that_nobody_decided_is_found() {
        var story = story
        let effect = story[list, 2].step!.effects[0]
        story.history.events.removeAll { $0.commit.decided.contains { $0.id == effect.id } }
        #expect(checks(of: story).contains(.sagaSteps))
    }

    @Test func an_effect_whose_id_does_not_follow_from_its_place_is_found() {
        var story = story
        let id = MessageID(high: 0x7000, low: 77)
        let old = story[list, 2].step!.effects[0].id
        story[list, 2].step!.effects[0].id = id
        story[guest("hades"), 3].decided[0].id = id
        story[guest("hades"), 3].events[0].causation = id
        for index in story.history.commands.indices where story.history.commands[index].envelope.id == old {
            story.history.commands[index].envelope.id = id
        }
        #expect(checks(of: story) == [.sagaSteps])
    }

    @Test func an_effect_that_was_decided_as_a_clients_is_found() {
        var story = story
        story[guest("hades"), 3].decided[0].sender = nil
        #expect(checks(of: story) == [.sagaSteps])
    }

    @Test func an_acceptance_that_no_saga_took_is_found() {
        var story = story
        story[list, 2].decided[0].id = MessageID(high: 0x7000, low: 78)
        #expect(checks(of: story).contains(.sagaSteps))
    }

    @Test func a_step_without_an_effect_is_found() {
        var story = story
        story[list, 3].step!.effects = []
        #expect(checks(of: story).contains(.sagaSteps))
    }

    // MARK: Lineage

    @Test func a_correlation_that_changes_on_the_way_is_found() {
        var story = story
        story[guest("hades"), 3].events[0].correlation = MessageID(high: 0x7000, low: 79)
        #expect(checks(of: story) == [.lineage])
    }

    @Test func an_outcome_under_another_correlation_is_found() {
        var story = story
        story[guest("zeus"), 3].decided[0].correlation = MessageID(high: 0x7000, low: 79)
        #expect(checks(of: story) == [.lineage])
    }

    @Test func a_command_that_no_client_sent_is_found() {
        var story = story
        let id = story.history.sent.removeLast().id
        #expect(story.history.violations().contains { $0.check == .lineage && $0.text.contains("\(id)") })
    }

    @Test func a_clients_command_with_another_correlation_than_its_id_is_found() {
        var story = story
        let other = MessageID(high: 0x7000, low: 79)
        story[guest("zeus"), 3].decided[0].correlation = other
        story.history.commands[story.history.commands.count - 1].envelope.correlation = other
        #expect(checks(of: story) == [.lineage])
    }

    @Test func a_cause_that_is_in_no_log_is_found() {
        var story = story
        let id = story[list, 2].decided[0].id
        story.history.commands.removeAll { $0.envelope.id == id }
        #expect(checks(of: story) == [.lineage])
        story.history.commandsAreWhole = false
        #expect(checks(of: story) == [])
    }

    @Test func what_follows_from_itself_is_found() {
        var story = story
        let index = story.history.commands.firstIndex { $0.envelope.sender != nil }!
        story.history.commands[index].envelope.causation = story.history.commands[index].envelope.id
        #expect(checks(of: story) == [.lineage])
    }

    // MARK: Read models

    @Test func a_checkpoint_beyond_the_logs_end_is_found() {
        var story = story
        story.history.readModels[0].checkpoints[0] = Position(1000)
        #expect(checks(of: story) == [.checkpoints])
    }

    @Test func a_checkpoint_that_stays_behind_is_found() {
        var story = story
        let partition = story.history.events.last!.partition
        story.history.readModels[0].checkpoints[partition] = Position(1)
        #expect(checks(of: story) == [.checkpoints])
    }

    @Test func a_row_that_is_not_what_the_log_gives_is_found() {
        var story = story
        story.tables.invitations["zeus"]?.status = "accepted"
        #expect(checks(of: story) == [.tables])
    }

    @Test func a_row_that_nothing_leads_to_is_found() {
        var story = story
        story.tables.lists["hades"] = .init(invited: 1)
        #expect(checks(of: story) == [.tables])
    }

    @Test func an_event_that_was_counted_twice_is_found() {
        var story = story
        story.tables.lists["olympus"]?.accepted += 1
        #expect(checks(of: story) == [.tables])
    }

    // MARK: Guests

    @Test func an_accepted_guest_who_was_neither_confirmed_nor_denied_is_found() {
        var story = story
        let effect = story[list, 3].step!.effects[0]
        story.history.events.removeAll { $0.commit.decided.contains { $0.id == effect.id } }
        #expect(checks(of: story).isSuperset(of: [.guests, .sagaSteps]))
    }

    @Test func more_guests_confirmed_than_there_are_seats_are_found() throws {
        var story = story
        story[guest("poseidon"), 3].events[0].payload = try Invitation.Event.catalog.encode(.confirmed, format: .json)
        #expect(checks(of: story) == [.seats, .tables])
    }

    @Test func a_guest_denied_while_there_was_a_seat_is_found() throws {
        var story = story
        story[guest("hades"), 3].events[0].payload = try Invitation.Event.catalog.encode(.denied, format: .json)
        #expect(checks(of: story) == [.seats, .tables])
    }

    @Test func a_guest_who_answered_twice_is_found() throws {
        var story = story
        story[guest("zeus"), 2].events[0].payload = try Invitation.Event.catalog.encode(
            .created(list: "olympus", name: "zeus", age: nil), format: .json)
        #expect(checks(of: story).contains(.guests))
    }

    @Test func a_dead_letter_is_found_where_nothing_was_poison() {
        var story = story
        story[guest("zeus"), 3].decided[0].outcome = .deadLettered(reason: "it failed")
        story.history.sent[story.history.sent.count - 1].told = []
        #expect(checks(of: story) == [.guests])
    }

    // MARK: The logs

    @Test func what_was_read_once_and_is_gone_is_found() {
        var story = story
        story.history.events.removeLast()
        story.history.sent.removeLast()
        story.history.commands.removeLast()
        #expect(story.checks == [.durability])
    }

    @Test func what_is_another_record_now_is_found() {
        var story = story
        story.history.seen[0].commit.number = 2
        #expect(story.checks == [.durability])
    }

    @Test func a_record_at_the_same_position_of_another_partition_is_another() {
        var story = story
        let last = story.history.events[story.history.events.count - 1]
        story.history.seen = [LoggedCommit(partition: (last.partition + 1) % 8, position: last.position, commit: last.commit)]
        #expect(story.checks == [.durability])
    }

    @Test func a_read_model_ahead_of_its_partition_is_found() {
        var story = story
        let checkpoints = story.history.readModels[0].checkpoints
        story.history.endsOfEvents = checkpoints
        #expect(story.checks == [])
        story.history.readModels[0].checkpoints[checkpoints.keys.min()!]!.rawValue += 1
        #expect(story.checks == [.checkpoints])
    }

    // MARK: Transactions

    @Test func what_was_aborted_and_left_no_trace_is_no_violation() {
        var story = story
        var commit = story[guest("zeus"), 2]
        commit.events[0].id = MessageID(high: 0x7000, low: 0x8000_0000_0000_FFFF)
        story.history.abortedEvents = [LoggedCommit(partition: 0, position: Position(1_000), commit: commit)]
        var command = story.history.commands[0]
        command.position = Position(1_000)
        story.history.abortedCommands = [command]
        #expect(story.checks == [])
    }

    @Test func a_command_that_was_read_where_a_transaction_was_aborted_is_found() {
        var story = story
        let place = story[guest("zeus"), 2].decided[0].place
        let envelope = story.history.commands[0].envelope
        story.history.abortedCommands = [LoggedCommand(partition: place.partition, position: place.position, envelope: envelope)]
        #expect(story.checks == [.aborted])
    }

    @Test func a_client_who_was_sent_to_an_aborted_place_is_found() {
        var story = story
        let place = story.history.sent[0].told[0].place!
        story.history.abortedEvents = [LoggedCommit(partition: place.partition, position: place.position, commit: story[guest("zeus"), 2])]
        #expect(story.checks == [.aborted])
    }

    @Test func a_command_that_follows_from_an_aborted_event_is_found() {
        var story = story
        let id = MessageID(high: 0x7000, low: 0x8000_0000_0000_FFFF)
        var commit = story[guest("zeus"), 2]
        commit.events[0].id = id
        story.history.abortedEvents = [LoggedCommit(partition: 0, position: Position(1_000), commit: commit)]
        let routed = story.history.commands.firstIndex { $0.envelope.origin != nil }!
        story.history.commands[routed].envelope.causation = id
        #expect(story.checks.contains(.aborted))
    }

    @Test func a_decision_on_a_command_that_is_in_no_log_is_found() {
        var story = story
        let taken = story.history.commands.firstIndex { $0.envelope.sender != nil }!
        story.history.abortedCommands = [
            LoggedCommand(partition: 0, position: Position(1_000), envelope: story.history.commands[taken].envelope)
        ]
        story.history.commands.remove(at: taken)
        #expect(story.checks.contains(.aborted))
        // Of what was removed nobody can tell.
        story.history.commandsAreWhole = false
        #expect(!story.checks.contains(.aborted))
    }

    @Test func a_record_that_cannot_be_read_is_found() {
        var story = story
        story.history.unreadable = ["the commit at 7: not a record"]
        #expect(checks(of: story) == [.records])
    }

    @Test func an_event_that_cannot_be_read_is_found() {
        var story = story
        story[guest("zeus"), 2].events[0].payload.bytes = [1, 2, 3]
        #expect(checks(of: story).contains(.records))
    }

    // MARK: For people

    @Test func a_streams_history_says_what_was_sent_and_what_the_log_holds() {
        let text = story.history.describe(guest("zeus"))
        #expect(text.contains("guestlist.v1.DeclineInvite"))
        #expect(text.contains("version 2: guestlist.v1.InviteDeclined"))
        #expect(text.contains("rejected, {\"alreadyAnswered\""))
    }
}
