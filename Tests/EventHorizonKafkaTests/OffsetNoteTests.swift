#if Kafka
import EventHorizon
import Testing

@testable import EventHorizonKafka

struct OffsetNoteTests {
    @Test(arguments: [
        OffsetNote(owner: "a-1", trying: nil), OffsetNote(owner: "", trying: Attempt(position: Position(.max), number: 3)),
        OffsetNote(owner: "x; trying 1, attempt 2", trying: Attempt(position: Position(7), number: 1)),
    ])
    func a_note_is_read_as_it_was_written(note: OffsetNote) {
        #expect(OffsetNote(note.text.utf8) == note)
    }

    @Test func what_was_released_or_never_held_is_no_note() {
        #expect(OffsetNote(OffsetNote.released.utf8) == nil)
        #expect(OffsetNote("".utf8) == nil)
        #expect(OffsetNote([0xFF, 0x00]) == nil)
        // By a build that knows nothing of tries.
        #expect(OffsetNote("held by host/7".utf8) == OffsetNote(owner: "host/7", trying: nil))
        #expect(OffsetNote("held by a; trying x, attempt y".utf8)?.trying == nil)
    }
}
#endif
