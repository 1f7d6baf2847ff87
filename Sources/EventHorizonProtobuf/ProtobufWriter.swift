/// The fields of one message as they are written; embedded messages get their length when all is written.
final class ProtobufWriter {
    private var bytes: [UInt8] = []
    /// Embedded messages, each before the byte at `offset`.
    private var messages: [(offset: Int, field: Int, writer: ProtobufWriter)] = []
    private let depth: Int
    /// Shared by a message and those within it.
    private let failure: Failure
    /// How many fields were written.
    private(set) var count = 0

    /// What Codable's interface did not let be thrown at once.
    private final class Failure {
        var first: ProtobufError?
    }

    /// - Parameter outer: the message that this one will lie in; nil for the outermost.
    init(in outer: ProtobufWriter? = nil) {
        depth = (outer?.depth ?? 0) + 1
        failure = outer?.failure ?? Failure()
    }

    var isTooDeep: Bool { depth > ProtobufFormat.depthLimit }

    /// Remembers the first failure: `finish` throws it.
    func fail(_ error: ProtobufError) { failure.first = failure.first ?? error }

    func finish() throws -> [UInt8] {
        if let error = failure.first { throw error }
        var output: [UInt8] = []
        write(into: &output)
        return output
    }

    private func write(into output: inout [UInt8]) {
        if messages.isEmpty {
            output += bytes
            return
        }
        var written = 0
        for message in messages {
            output += bytes[written..<message.offset]
            written = message.offset
            var content: [UInt8] = []
            message.writer.write(into: &content)
            Self.varint(UInt64(message.field) << 3 | 2, &output)
            Self.varint(UInt64(content.count), &output)
            output += content
        }
        output += bytes[written...]
    }

    // MARK: Fields

    func varint(_ field: Int, _ value: UInt64) {
        tag(field, 0)
        Self.varint(value, &bytes)
    }

    func double(_ field: Int, _ value: Double) {
        tag(field, 1)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    func float(_ field: Int, _ value: Float) {
        tag(field, 5)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    func delimited(_ field: Int, _ content: some Collection<UInt8>) {
        tag(field, 2)
        Self.varint(UInt64(content.count), &bytes)
        bytes += content
    }

    /// An embedded message, to be written into.
    func message(_ field: Int) -> ProtobufWriter {
        let writer = ProtobufWriter(in: self)
        if writer.isTooDeep { fail(.tooDeep) }
        messages.append((bytes.count, field, writer))
        count += 1
        return writer
    }

    private func tag(_ field: Int, _ wire: UInt64) {
        count += 1
        Self.varint(UInt64(field) << 3 | wire, &bytes)
    }

    private static func varint(_ value: UInt64, _ bytes: inout [UInt8]) {
        var value = value
        while value > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
    }
}

/// The number of a key's field.
func fieldNumber(_ key: some CodingKey) throws -> Int {
    guard let number = key.intValue else { throw ProtobufError.noFieldNumber(key: key.stringValue) }
    guard (1...536_870_911).contains(number), !(19_000...19_999).contains(number) else { throw ProtobufError.fieldNumber(number) }
    return number
}
