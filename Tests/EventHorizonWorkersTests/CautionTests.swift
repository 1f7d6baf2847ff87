import EventHorizon
import Testing

@testable import EventHorizonWorkers

/// Which partitions are worked singly, and what comes of it.
struct CautionTests {
    private func claim(_ progress: UInt64, end: UInt64 = 100, unclean: Bool = true, trying: Attempt? = nil) -> Claim {
        Claim(partition: 0, progress: Position(progress), end: Position(end), isUnclean: unclean, trying: trying)
    }

    private func at(_ position: UInt64, _ number: Int = 1) -> Attempt { Attempt(position: Position(position), number: number) }

    private func command(_ position: UInt64) -> PendingCommand {
        let id = MessageID(high: 0, low: position)
        let envelope = Envelope(
            id: id, kind: .command, stream: StreamID("c", "a"), payload: Payload(name: "n", contentType: "", bytes: []), correlation: id,
            occurredAt: Timestamp(nanoseconds: 0))
        return PendingCommand(envelope: envelope, position: Position(position), ordinal: Int(position))
    }

    /// A step in words.
    private func say(_ step: Caution.Step?) -> String {
        switch step {
        case .record(let attempt): "record \(attempt.position) #\(attempt.number)"
        case .giveUp(let pending, let attempts): "give up \(pending.position) after \(attempts)"
        case .end(let waiting): "end, \(waiting.count) waiting"
        case nil: "nothing"
        }
    }

    // MARK: Beginning

    @Test func a_released_partition_and_one_without_work_cost_nothing() {
        var table = CautionTable(count: 1, limit: 3)
        #expect(table.begin(claim(10, unclean: false)) == .asUsual)
        #expect(table.begin(claim(100)) == .asUsual)
        #expect(table[0] == nil)
    }

    @Test func two_deaths_cost_a_record_each_and_a_third_without_progress_has_the_partition_worked_singly() {
        var table = CautionTable(count: 1, limit: 3)
        #expect(table.begin(claim(10)) == .afterRecording(at(10)))
        #expect(table[0] == nil)
        var second = CautionTable(count: 1, limit: 3)
        #expect(second.begin(claim(10, trying: at(10))) == .afterRecording(at(10, 2)))
        var next = CautionTable(count: 1, limit: 3)
        #expect(next.begin(claim(10, trying: at(10, 2))) == .singly(blamed: nil))
        #expect(next[0] != nil)
        // Its own try, of a message, is another thing.
        var third = CautionTable(count: 1, limit: 3)
        #expect(third.begin(claim(10, trying: at(12, 2))) == .singly(blamed: at(12, 2)))
    }

    @Test func progress_since_makes_it_a_first_death_again() {
        var table = CautionTable(count: 1, limit: 3)
        #expect(table.begin(claim(11, trying: at(10))) == .afterRecording(at(11)))
    }

    @Test func a_member_that_lost_a_partition_and_lives_did_not_die_of_it() {
        var table = CautionTable(count: 1, limit: 3)
        _ = table.begin(claim(10))
        table.lose(0)
        #expect(table.begin(claim(10, trying: at(10))) == .asUsual)
        _ = table.begin(claim(10, trying: at(12, 2)))
        table.recorded(at(12, 3), in: 0)
        table.lose(0)
        #expect(table.begin(claim(11, trying: at(12, 3))) == .singly(blamed: at(12, 2)))
        // Another died of it meanwhile.
        table.lose(0)
        #expect(table.begin(claim(11, trying: at(12, 4))) == .singly(blamed: at(12, 4)))
        table.release(0)
        #expect(table[0] == nil)
    }

    // MARK: Working

    @Test func messages_are_recorded_and_handled_one_after_the_other() {
        var caution = Caution(limit: 3, end: Position(20), blamed: nil)
        #expect(say(caution.next(progress: Position(10))) == "nothing")
        for position in [11, 13] as [UInt64] { caution.add(command(position)) }
        #expect(say(caution.next(progress: Position(10))) == "record 11 #1")
        #expect(caution.inHand?.position == Position(11))
        #expect(say(caution.next(progress: Position(10))) == "nothing")
        #expect(say(caution.next(progress: Position(11))) == "record 13 #1")
        #expect(say(caution.next(progress: Position(12))) == "nothing")
        #expect(say(caution.next(progress: Position(13))) == "nothing")
        #expect(caution.inHand == nil)
    }

    @Test func what_was_tried_before_is_counted_on_and_given_up_when_its_attempts_are_spent() {
        var caution = Caution(limit: 3, end: Position(20), blamed: at(12, 2))
        for position in [11, 12, 13] as [UInt64] { caution.add(command(position)) }
        #expect(say(caution.next(progress: Position(10))) == "record 11 #1")
        #expect(say(caution.next(progress: Position(11))) == "record 12 #3")
        var next = Caution(limit: 3, end: Position(20), blamed: at(12, 3))
        for position in [12, 13, 14] as [UInt64] { next.add(command(position)) }
        #expect(say(next.next(progress: Position(11))) == "give up 12 after 3")
        #expect(say(next.next(progress: Position(11))) == "nothing")
        // The culprit is found.
        #expect(say(next.next(progress: Position(12))) == "end, 2 waiting")
    }

    @Test func it_ends_behind_what_the_owners_before_may_have_had_in_hand() {
        var caution = Caution(limit: 3, end: Position(12), blamed: nil)
        for position in [11, 14] as [UInt64] { caution.add(command(position)) }
        #expect(say(caution.next(progress: Position(10))) == "record 11 #1")
        #expect(say(caution.next(progress: Position(11))) == "end, 1 waiting")
        var long = Caution(limit: 3, end: Position(10_000), blamed: nil)
        for position in 1...UInt64(Caution.extent + 1) {
            long.add(command(position))
            let step = say(long.next(progress: Position(position - 1)))
            #expect(step == (position > UInt64(Caution.extent) ? "end, 1 waiting" : "record \(position) #1"))
        }
    }

    @Test func what_workers_died_of_is_parked_and_a_release_that_they_died_of_is_answered() {
        let poison = command(1)
        poison.trapped = "died"
        guard case .failed(.trapped, "died") = poison.verdict else { return #expect(Bool(false), "\(String(describing: poison.verdict))") }
        let id = MessageID(high: 0, low: 2)
        let envelope = Envelope(
            id: id, kind: .command, stream: StreamID("c", "a"), payload: ParkingCommand.release.payload, correlation: id,
            occurredAt: Timestamp(nanoseconds: 0))
        let release = PendingCommand(envelope: envelope, position: Position(2), ordinal: 0)
        release.trapped = "died"
        guard case .rejected(let payload) = release.verdict else { return #expect(Bool(false), "\(String(describing: release.verdict))") }
        #expect(StillParked(payload)?.reason == "died")
        release.forgetVerdict()
        #expect(release.verdict != nil)
    }
}
