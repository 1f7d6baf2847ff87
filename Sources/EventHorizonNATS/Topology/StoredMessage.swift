#if NATS
/// A message of a stream, as `STREAM.MSG.GET` answers it.
package struct StoredMessage {
    package enum Answer {
        case message(StoredMessage)
        /// The stream has no such message.
        case nothing
        case failed(APIError)
        case unreadable
    }
    package var sequence: UInt64
    package var data: [UInt8]

    package static func read(_ body: UnsafeRawBufferPointer) -> Answer {
        if let error = APIError(in: body) { return error.errorCode == APIError.noMessageFound ? .nothing : .failed(error) }
        guard let sequence = Scan.number(after: "\"seq\":", in: body) else { return .unreadable }
        // A message without a body has no such member.
        guard let text = Scan.rawString(after: "\"data\":", in: body) else { return .message(StoredMessage(sequence: sequence, data: [])) }
        guard let data = Base64.decode(text) else { return .unreadable }
        return .message(StoredMessage(sequence: sequence, data: data))
    }
}
#endif
