#if NATS
import Testing

@testable import EventHorizonNATS

struct SubjectTokenTests {
    @Test(arguments: ["a", "guest.1", "a b", "*", ">", "müller/ü", "=", "=2E", "", "\u{0}\r\n", "😀", String(repeating: "x.", count: 512)])
    func a_text_comes_back_from_its_token(_ text: String) {
        let token = SubjectToken.escaped(text)
        #expect(token.utf8.allSatisfy { SubjectToken.isPlain($0) || $0 == UInt8(ascii: "=") })
        #expect(SubjectToken.unescaped(token.utf8) == text)
    }

    @Test func bytes_are_escaped_in_upper_case_hexadecimal() {
        #expect(SubjectToken.escaped("a.b*ü=") == "a=2Eb=2A=C3=BC=3D")
    }

    @Test(arguments: ["=", "=2", "=2e", "=61", "a.b", "=FF"])
    func what_was_never_written_is_no_token(_ token: String) {
        #expect(SubjectToken.unescaped(token.utf8) == nil)
    }
}
#endif
