import FoundationEssentials
import ServerSupport

/// Publishes records as a stranger might. Blocks.
struct LogWriter {
    /// Of the servers.
    let ports: [Int]

    private struct Stored: Decodable {
        var seq: UInt64?
        var duplicate: Bool?
    }

    struct Answer {
        var position: UInt64
        /// The server knew the message id.
        var isDuplicate: Bool
    }

    /// Publishes a record as it lies in a log, message id and all.
    func publish(_ record: LogRecord) throws -> Answer {
        guard case .jetStream(let subject, let headers) = record.envelope else { throw SupportError("'\(record.name)' is no record of a stream") }
        let connection = try TextConnection(ports: ports, limit: .seconds(2))
        let inbox = "_INBOX.faults.\(UInt64.random(in: 0 ... .max))"
        try connection.subscribe(inbox, as: 1)
        try connection.publish(subject, reply: inbox, headers: headers, record.body)
        let body = try connection.next().body
        let stored = try JSONDecoder().decode(Stored.self, from: Data(body))
        guard let position = stored.seq, position > 0 else {
            throw SupportError("a record was not stored again: \(String(decoding: body, as: UTF8.self))")
        }
        return Answer(position: position, isDuplicate: stored.duplicate ?? false)
    }
}
