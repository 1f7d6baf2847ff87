import EventHorizon
import EventHorizonRuntime
import EventHorizonWorkers
import Testing

@testable import eventhorizon_tool

/// What the tool prints of a letter: JSON for scripts, text for people.
@Suite struct LetterOutputTests {
    let id = MessageID("0199aaaa-0000-7000-8000-000000000001")!

    private func letter(_ bytes: [UInt8], reason: String = "given up after 3 attempts: no\nink \u{1B}[31m\"") -> FiledLetter {
        let stream = StreamID("guestlist.v1.Invitation", "athena")
        let message = Envelope(
            id: id, kind: .command, stream: stream,
            payload: Payload(name: "guestlist.v1.AcceptInvite", contentType: "application/json", bytes: bytes),
            correlation: id, occurredAt: Timestamp(nanoseconds: 1_000_000_000), metadata: ["b": "2", "a": "1"])
        let letter = DeadLetter(
            place: Place(log: .commands, incarnation: 7, partition: 3, position: Position(12)), group: "commands.guestlist.v1.Invitation",
            reason: reason, attempts: 3, worker: "w", firstFailedAt: Timestamp(nanoseconds: 2_000_000_000),
            lastFailedAt: Timestamp(nanoseconds: 3_500_000_000), stream: stream, type: message.payload.name, record: [1])
        return FiledLetter(
            id: LetterID(partition: 3, position: Position(17)), state: .parked, letter: letter, message: message, command: id, reason: letter.reason)
    }

    @Test func json_is_one_line_with_names_that_stay() {
        #expect(
            letter(Array("{\"a\":1}".utf8)).json
                == #"{"letter":"3/17","state":"parked","group":"commands.guestlist.v1.Invitation","stream":"guestlist.v1.Invitation/athena","#
                + #""category":"guestlist.v1.Invitation","aggregate":"athena","type":"guestlist.v1.AcceptInvite","#
                + #""reason":"given up after 3 attempts: no\nink \u001b[31m\"","attempts":3,"firstFailedAt":"1970-01-01T00:00:02.000Z","#
                + #""lastFailedAt":"1970-01-01T00:00:03.500Z","worker":"w","place":"commands/3/12","command":"0199aaaa-0000-7000-8000-000000000001","#
                + #""message":{"id":"0199aaaa-0000-7000-8000-000000000001","kind":"command","correlation":"0199aaaa-0000-7000-8000-000000000001","#
                + #""causation":null,"occurredAt":"1970-01-01T00:00:01.000Z","sender":null,"tenant":"","principal":"","#
                + #""type":"guestlist.v1.AcceptInvite","schema":1,"contentType":"application/json","payload":"{\"a\":1}","payloadHex":null,"#
                + #""metadata":{"a":"1","b":"2"}}}"#)
    }

    @Test func what_is_no_text_is_hex() {
        #expect(letter([0xFF, 0x00, 0x1B]).json.contains(#""payload":null,"payloadHex":"ff001b""#))
        #expect(letter([0xFF, 0x00, 0x1B]).details.contains("payload       0xff001b"))
        #expect(letter(Array("plain\ntext".utf8)).json.contains(#""payload":"plain\ntext","payloadHex":null"#))
    }

    @Test func an_unreadable_record_is_said_as_such() {
        let unreadable = FiledLetter(
            id: LetterID(partition: 0, position: Position(1)), state: .unreadable, letter: nil, message: nil,
            reason: "3 bytes that cannot be taken apart")
        #expect(unreadable.json.hasPrefix(#"{"letter":"0/1","state":"unreadable","group":null,"stream":null,"#))
        #expect(unreadable.json.contains(#""reason":"3 bytes that cannot be taken apart""#))
        #expect(
            "\(LetterTable([unreadable]))".contains("0/1     unreadable  -       -     -         -            3 bytes that cannot be taken apart"))
        #expect(unreadable.details.contains("reason        3 bytes that cannot be taken apart"))
    }

    @Test func a_table_has_a_line_a_letter_and_no_order_for_a_terminal() {
        let lines = "\(LetterTable([letter([]), letter([], reason: "short")]))".split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("LETTER  STATE   STREAM"))
        #expect(lines[1].hasSuffix(#"  3         1970-01-01T00:00:03.500Z  given up after 3 attempts: no\nink \u{1B}[31m""#))
        #expect(lines[2].hasPrefix("3/17    parked  guestlist.v1.Invitation/athena  guestlist.v1.AcceptInvite  3"))
        #expect(!letter(Array("a\u{1B}".utf8)).details.contains("\u{1B}"))
    }

    @Test func an_outcome_says_the_reason() {
        let failed = LetterOutcome(stream: StreamID("c", "a"), letters: 2, outcome: "failed", error: CommandError.refused(reason: "too large"))
        #expect(failed.text == "failed  c/a  (2 letters): refused: too large")
        #expect(failed.json == #"{"stream":"c/a","outcome":"failed","letters":2,"reason":"refused: too large"}"#)
        #expect(LetterOutcome(stream: StreamID("c", "a"), letters: 1, outcome: "released").text == "released  c/a  (1 letter)")
    }
}
