#if NATS
import Testing

@testable import EventHorizonNATS

struct PullReaderTests {
    private func reader(window: Int = 100) -> PullReader {
        var reader = PullReader(window: window, byteWindow: 10_000, largestMessage: 2_000, now: 0)
        reader.creating(at: 0)
        reader.created("c", at: 0)
        return reader
    }

    private func asks(_ reader: inout PullReader) -> [PullReader.Ask] {
        var asks: [PullReader.Ask] = []
        while let ask = reader.nextAsk() { asks.append(ask) }
        return asks
    }

    @Test func two_requests_overlap_and_are_renewed_as_deliveries_are_finished() {
        var reader = reader()
        #expect(asks(&reader) == [PullReader.Ask(batch: 50, bytes: 5_000), PullReader.Ask(batch: 50, bytes: 5_000)])
        for sequence in 1...100 as ClosedRange<UInt64> {
            _ = reader.receive(sequence, at: 1)
            reader.deliver(bytes: 1)
        }
        #expect(asks(&reader).isEmpty)
        reader.finish(49)
        #expect(asks(&reader).isEmpty)
        reader.finish(1)
        #expect(asks(&reader).count == 1)
    }

    @Test func unfinished_bytes_stop_the_intake() {
        var reader = reader()
        _ = asks(&reader)
        for sequence in 1...60 as ClosedRange<UInt64> {
            _ = reader.receive(sequence, at: 1)
            reader.deliver(bytes: 1_000)
        }
        reader.finish(54)
        #expect(asks(&reader).isEmpty)
        reader.finish(1)
        #expect(asks(&reader).count == 1)
    }

    @Test func a_request_is_for_the_largest_message_at_least() {
        var reader = PullReader(window: 10, byteWindow: 100, largestMessage: 5_000, now: 0)
        reader.creating(at: 0)
        reader.created("c", at: 0)
        #expect(asks(&reader).allSatisfy { $0.bytes == 5_000 })
    }

    @Test func while_the_connection_is_down_nothing_is_due() {
        var reader = reader()
        _ = asks(&reader)
        #expect(reader.nextCheck(isUp: true) != nil)
        #expect(reader.nextCheck(isUp: false) == nil)
        reader.restart(at: 5)
        #expect(reader.nextCheck(isUp: true) == 5)
        #expect(reader.nextCheck(isUp: false) == nil)
    }

    @Test func a_gap_in_the_consumer_sequence_is_seen() {
        var reader = reader()
        let first = reader.receive(1, at: 1)
        let third = reader.receive(3, at: 1)
        #expect(first && !third)
    }

    @Test func a_heartbeat_that_names_more_than_came_restarts_the_reader() {
        var reader = reader()
        _ = asks(&reader)
        _ = reader.receive(1, at: 1)
        #expect({ reader.status(100, "Idle Heartbeat", pending: nil, last: 1, at: 2) }() == .fine)
        guard case .restart = reader.status(100, "Idle Heartbeat", pending: nil, last: 2, at: 2) else { Issue.record("it reads on"); return }
    }

    @Test func a_request_that_ended_is_made_again() {
        var reader = reader()
        _ = asks(&reader)
        #expect({ reader.status(408, "Request Timeout", pending: 50, last: nil, at: 1) }() == .fine)
        #expect(asks(&reader).count == 1)
        #expect({ reader.status(409, "Message Size Exceeds MaxBytes", pending: 50, last: nil, at: 1) }() == .fine)
        #expect(asks(&reader).count == 1)
    }

    @Test(arguments: [(409, "Consumer Deleted"), (409, "Leadership Change"), (409, "Server Shutdown"), (503, ""), (400, "Bad Request")])
    func a_consumer_of_no_use_is_replaced(_ code: Int, _ text: String) {
        var reader = reader()
        guard case .restart = reader.status(code, text, pending: nil, last: nil, at: 1) else { Issue.record("it reads on"); return }
    }

    @Test func silence_is_noticed_only_where_something_was_asked_for() {
        var reader = reader()
        #expect(reader.silence(at: PullReader.silence * 2) == nil)
        _ = asks(&reader)
        #expect(reader.silence(at: PullReader.silence) == nil)
        #expect(reader.silence(at: PullReader.silence + 1) != nil)
        _ = reader.status(100, "Idle Heartbeat", pending: nil, last: 0, at: PullReader.silence)
        #expect(reader.silence(at: PullReader.silence + 1) == nil)
    }

    @Test func the_wait_before_a_new_consumer_grows_until_something_is_heard() {
        var reader = reader()
        var waits: [UInt64] = []
        for _ in 0..<10 {
            reader.restart(at: 0)
            guard case .waiting(let until) = reader.phase else { Issue.record("not waiting"); return }
            waits.append(until)
        }
        #expect(waits.first == 0)
        #expect(waits == waits.sorted())
        #expect(waits.last == 2_000_000_000)
        reader.created("d", at: 0)
        _ = reader.receive(1, at: 0)
        reader.restart(at: 0)
        #expect(reader.phase == .waiting(until: 0))
    }

    @Test(arguments: [
        ("$JS.ACK.S.C.1.5.7.1700000000.3", 5 as UInt64, 7 as UInt64), ("$JS.ACK.dom.acc.S.C.1.50.70.1700000000.3.tok", 50, 70),
        ("$JS.ACK._.acc.S.C.1.50.70.17.3", 50, 70),
    ])
    func a_reply_says_where_a_message_lies(_ reply: String, _ stream: UInt64, _ consumer: UInt64) {
        let parsed = DeliveryReply(reply)
        #expect(parsed?.streamSequence == stream)
        #expect(parsed?.consumerSequence == consumer)
    }

    @Test(arguments: ["", "_INBOX.x", "$JS.ACK.S.C", "$JS.ACK.S.C.1.a.b.c.d"])
    func another_reply_says_nothing(_ reply: String) { #expect(DeliveryReply(reply) == nil) }
}
#endif
