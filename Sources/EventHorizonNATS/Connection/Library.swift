#if NATS
import CNATS
import Glibc

/// libnats's calls, and two that it exports without declaring: they save most of what a message costs, and are looked up, so that a library without
/// them works too.
enum Library {
    private typealias Create = @convention(c) (
        UnsafeMutablePointer<OpaquePointer?>, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>?, Int32, UnsafePointer<CChar>?, Int32, Int32
    ) -> natsStatus
    private typealias Free = @convention(c) (UnsafeMutableRawPointer) -> Void

    private static let create: Create? = dlsym(nil, "natsMsg_create").map { unsafeBitCast($0, to: Create.self) }
    private static let free: Free? = dlsym(nil, "natsMsg_free").map { unsafeBitCast($0, to: Free.self) }

    /// Whether a received message lies in memory as version 3.4 lays it out: subject, reply, headers and data one after the other.
    static let hasKnownLayout = nats_GetVersionNumber() >> 8 == 0x0304 && create != nil

    static func text(_ status: natsStatus) -> String { String(cString: natsStatus_GetText(status)) }

    /// What the library says of the last error on this thread.
    static func lastError(_ status: natsStatus) -> String {
        var ignored = NATS_OK
        guard let text = nats_GetLastError(&ignored).map({ String(cString: $0) }), !text.isEmpty else { return Self.text(status) }
        // Without the line of the library's source, which the text may begin with.
        let words = text.hasPrefix("(") ? text.firstRange(of: "): ").map { text[$0.upperBound...] } ?? text[...] : text[...]
        return words == Self.text(status) ? String(words) : "\(Self.text(status)): \(words)"
    }

    @inline(__always)
    static func destroy(_ message: OpaquePointer) {
        if let free { free(UnsafeMutableRawPointer(message)) } else { natsMsg_Destroy(message) }
    }

    /// A message to publish, of a ready-made block: headers as they travel, then the body. `subject` and `reply` end with a zero byte that is not counted.
    static func message(
        subject: UnsafeBufferPointer<CChar>, reply: UnsafeBufferPointer<CChar>, block: UnsafeBufferPointer<CChar>, headers: Int
    ) -> OpaquePointer? {
        var message: OpaquePointer?
        let replyCount = max(0, reply.count - 1)
        if let create {
            guard
                create(
                    &message, subject.baseAddress!, Int32(subject.count - 1), replyCount == 0 ? nil : reply.baseAddress, Int32(replyCount), block.baseAddress,
                    Int32(block.count), headers == 0 ? -1 : Int32(headers)) == NATS_OK
            else { return nil }
            return message
        }
        let body = UnsafeBufferPointer(rebasing: block[headers...])
        guard natsMsg_Create(&message, subject.baseAddress!, replyCount == 0 ? nil : reply.baseAddress, body.baseAddress, Int32(body.count)) == NATS_OK else {
            return nil
        }
        for (name, value) in HeaderBlock.lines(of: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[..<headers])) {
            guard natsMsgHeader_Set(message, name, value) == NATS_OK else {
                natsMsg_Destroy(message)
                return nil
            }
        }
        return message
    }
}
#endif
