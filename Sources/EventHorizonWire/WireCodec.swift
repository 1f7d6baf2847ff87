internal import CEventHorizonWire
internal import CProtobufC
public import EventHorizon

/// Records to bytes and bytes to records, over protobuf-c code generated from `proto/`.
///
/// Reuses its buffers, so one codec serves one loop at a time: it is not `Sendable`, and the body of a `withEncoded` must not encode with the same
/// codec (decoding there is fine). Equal records always give equal bytes.
///
/// What is read is checked: whoever wrote it, the result is a valid value or a `WireError`, and memory in proportion to the record.
/// Strings keep every character, NUL included. Fields that this build does not know are passed over. A trace context whose parts are both empty
/// reads as nil.
public final class WireCodec {
    public let limits: WireLimits
    let arena = Arena()
    private let unpacking = Arena()
    let strings = StringCache()
    private var buffer: UnsafeMutableRawBufferPointer
    private var isLent = false

    public init(limits: WireLimits = WireLimits()) {
        self.limits = limits
        buffer = .allocate(byteCount: 4096, alignment: 16)
    }

    deinit { buffer.deallocate() }
}

// MARK: - To bytes

extension WireCodec {
    /// The bytes are valid inside `body` only.
    public func withEncoded<R>(_ envelope: Envelope, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withPacked(message(envelope), body)
    }
    /// The bytes are valid inside `body` only.
    public func withEncoded<R>(_ commit: Commit, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withPacked(message(commit), body)
    }
    /// The bytes are valid inside `body` only.
    public func withEncoded<R>(_ letter: DeadLetter, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withPacked(message(letter), body)
    }
    /// The bytes are valid inside `body` only.
    public func withEncoded<R>(_ answer: Answer, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withPacked(message(answer), body)
    }
    /// The bytes are valid inside `body` only.
    public func withEncoded<R>(_ topology: Topology, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withPacked(message(topology), body)
    }
    /// The bytes are valid inside `body` only.
    public func withEncoded<R>(_ record: OwnershipRecord, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withPacked(message(record), body)
    }
    /// The bytes are valid inside `body` only.
    public func withEncoded<R>(_ record: CheckpointRecord, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withPacked(message(record), body)
    }

    public func encode(_ envelope: Envelope) -> [UInt8] { withEncoded(envelope) { [UInt8]($0) } }
    public func encode(_ commit: Commit) -> [UInt8] { withEncoded(commit) { [UInt8]($0) } }
    public func encode(_ letter: DeadLetter) -> [UInt8] { withEncoded(letter) { [UInt8]($0) } }
    public func encode(_ answer: Answer) -> [UInt8] { withEncoded(answer) { [UInt8]($0) } }
    public func encode(_ topology: Topology) -> [UInt8] { withEncoded(topology) { [UInt8]($0) } }
    public func encode(_ record: OwnershipRecord) -> [UInt8] { withEncoded(record) { [UInt8]($0) } }
    public func encode(_ record: CheckpointRecord) -> [UInt8] { withEncoded(record) { [UInt8]($0) } }

    /// The bytes of an envelope that a codec with these limits reads; valid inside `body` only.
    /// - Throws: What `decodeEnvelope` would.
    public func withChecked<R>(_ envelope: Envelope, _ body: (UnsafeRawBufferPointer) -> R) throws(WireError) -> R {
        let message = message(envelope)
        do throws(WireError) {
            try readable(message, "envelope") { message throws(WireError) in _ = try self.envelope(message) }
        } catch {
            arena.reset()
            throw error
        }
        return withPacked(message, body)
    }

    private func withPacked<Message, R>(
        _ message: UnsafeMutablePointer<Message>, _ body: (UnsafeRawBufferPointer) throws -> R
    ) rethrows -> R {
        precondition(!isLent, "a codec encodes one record at a time: use another WireCodec inside the body of withEncoded")
        isLent = true
        defer { isLent = false }
        let base = EventHorizonWire.base(of: message)
        let size = protobuf_c_message_get_packed_size(base)
        let kept = 1 << 20
        if size > buffer.count || buffer.count > kept && size <= kept {
            buffer.deallocate()
            buffer = .allocate(byteCount: size > kept ? size : size.nextPowerOf2, alignment: 16)
        }
        let written = protobuf_c_message_pack(base, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self))
        arena.reset()
        return try body(UnsafeRawBufferPointer(rebasing: buffer[..<written]))
    }
}

extension Int {
    fileprivate var nextPowerOf2: Int { self <= 4096 ? 4096 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}

/// Every generated message begins with its ProtobufCMessage.
private func base<Message>(of message: UnsafeMutablePointer<Message>) -> UnsafePointer<ProtobufCMessage> {
    UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
}

// MARK: - Before writing

extension WireCodec {
    /// Whether a codec with these limits would read what this one would write. Costs less than to write and read it.
    /// - Throws: What `decodeEnvelope` would.
    public func check(_ envelope: Envelope) throws(WireError) {
        try checked(message(envelope), "envelope") { message throws(WireError) in _ = try self.envelope(message) }
    }
    /// Whether a codec with these limits would read what this one would write: a commit that nobody reads ends its stream.
    /// - Throws: What `decodeCommit` would.
    public func check(_ commit: Commit) throws(WireError) {
        try checked(message(commit), "commit") { message throws(WireError) in _ = try self.commit(message) }
    }
    /// Whether a codec with these limits would read what this one would write.
    /// - Throws: What `decodeDeadLetter` would.
    public func check(_ letter: DeadLetter) throws(WireError) {
        try checked(message(letter), "dead letter") { message throws(WireError) in _ = try self.letter(message) }
    }

    private func checked<Message>(
        _ message: UnsafeMutablePointer<Message>, _ name: StaticString, _ read: (UnsafeMutablePointer<Message>) throws(WireError) -> Void
    ) throws(WireError) {
        defer { arena.reset() }
        try readable(message, name, read)
    }

    /// The structs that would be written are read as if they had come from bytes: so the two never differ.
    private func readable<Message>(
        _ message: UnsafeMutablePointer<Message>, _ name: StaticString, _ read: (UnsafeMutablePointer<Message>) throws(WireError) -> Void
    ) throws(WireError) {
        try refuseLongRecord(of: protobuf_c_message_get_packed_size(base(of: message)), name)
        try inside(name) { () throws(WireError) in try read(message) }
    }
}

// MARK: - From bytes

extension WireCodec {
    /// - Throws: `WireError` where the bytes are not such a record, or one beyond the limits.
    public func decodeEnvelope(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Envelope {
        try refuseCrowdedEnvelope(bytes)
        return try unpacked(bytes, "envelope", eventhorizon__v1__envelope__unpack) { message throws(WireError) in try envelope(message) }
    }
    /// - Throws: `WireError` where the bytes are not such a record, or one beyond the limits.
    public func decodeCommit(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Commit {
        try refuseCrowdedCommit(bytes)
        return try unpacked(bytes, "commit", eventhorizon__v1__commit__unpack) { message throws(WireError) in try commit(message) }
    }
    /// - Throws: `WireError` where the bytes are not such a record, or one beyond the limits.
    public func decodeDeadLetter(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> DeadLetter {
        try unpacked(bytes, "dead letter", eventhorizon__v1__dead_letter__unpack) { message throws(WireError) in try letter(message) }
    }
    /// - Throws: `WireError` where the bytes are not such a record, or one beyond the limits.
    public func decodeAnswer(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Answer {
        try unpacked(bytes, "answer", eventhorizon__v1__answer__unpack) { message throws(WireError) in try answer(message) }
    }
    /// - Throws: `WireError` where the bytes are not such a record, or one beyond the limits.
    public func decodeTopology(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Topology {
        try refuseCrowdedTopology(bytes)
        return try unpacked(bytes, "topology", eventhorizon__v1__topology__unpack) { message throws(WireError) in try topology(message) }
    }
    /// - Throws: `WireError` where the bytes are not such a record, or one beyond the limits.
    public func decodeOwnership(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> OwnershipRecord {
        try unpacked(bytes, "ownership", eventhorizon__v1__ownership__unpack) { message throws(WireError) in try ownership(message) }
    }
    /// - Throws: `WireError` where the bytes are not such a record, or one beyond the limits.
    public func decodeCheckpoint(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> CheckpointRecord {
        try unpacked(bytes, "checkpoint", eventhorizon__v1__checkpoint__unpack) { message throws(WireError) in try checkpoint(message) }
    }

    private func unpacked<Message, Record>(
        _ bytes: UnsafeRawBufferPointer, _ name: StaticString,
        _ unpack: (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?) -> UnsafeMutablePointer<Message>?,
        _ read: (UnsafeMutablePointer<Message>) throws(WireError) -> Record
    ) throws(WireError) -> Record {
        try refuseLongRecord(of: bytes.count, name)
        // The structs of a valid record take less than this many times its size, so bytes that would take more are nobody's record. The densest are
        // entries of metadata: 7 bytes for a key of two letters, 120 bytes as a struct with its key, its pointer and protobuf-c's note of it.
        unpacking.reset(budget: 65_536 + bytes.count * 24)
        guard let message = unpack(unpacking.allocator, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)) else {
            throw WireError(
                field: "\(name)", value: "\(bytes.count) bytes that cannot be taken apart",
                limit: "a protobuf message of proto/eventhorizon/v1, whole")
        }
        return try inside(name) { () throws(WireError) in try read(message) }
    }

    private func refuseLongRecord(of size: Int, _ name: StaticString) throws(WireError) {
        guard size <= limits.recordSize else {
            throw WireError(field: "\(name)", value: "\(size) bytes long", limit: "at most \(limits.recordSize) are read (WireLimits.recordSize)")
        }
    }
}
