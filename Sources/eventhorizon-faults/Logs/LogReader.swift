import EventHorizon
import FoundationEssentials
import ServerSupport

/// Reads a stream record by record with a push consumer without acks. Blocks.
struct LogReader {
    /// Of the servers.
    let ports: [Int]
    let stream: String

    private struct Info: Decodable {
        struct State: Decodable {
            var messages: UInt64
            var first_seq: UInt64
            var last_seq: UInt64
        }
        struct Cluster: Decodable { var leader: String? }
        var state: State?
        var cluster: Cluster?
    }

    struct State {
        var first: UInt64
        var last: UInt64
        var count: UInt64
        /// The name of the server that leads it; nil where it is not replicated, or nobody does.
        var leader: String?
    }

    /// What the stream holds.
    func state() throws -> State {
        let connection = try TextConnection(ports: ports, limit: .seconds(5))
        let answer = try Self.request("$JS.API.STREAM.INFO.\(stream)", "", on: connection)
        let info = try JSONDecoder().decode(Info.self, from: Data(answer))
        guard let state = info.state else {
            throw SupportError("there is no stream '\(stream)': \(String(decoding: answer, as: UTF8.self))")
        }
        return State(first: state.first_seq, last: state.last_seq, count: state.messages, leader: info.cluster?.leader)
    }

    /// All that the stream holds, up to its end when this is called.
    func records() throws -> [LogRecord] {
        let state = try state()
        var records: [LogRecord] = []
        guard state.count > 0 else { return records }
        try read(after: .start, limit: .seconds(10)) { record in
            records.append(record)
            return record.position.rawValue < state.last
        }
        let within = records.count { $0.position.rawValue >= state.first && $0.position.rawValue <= state.last }
        guard within == state.count else { throw SupportError("'\(stream)' says that it holds \(state.count) records and gave \(within)") }
        return records
    }

    /// Delivers records from behind a position on until `body` returns false.
    /// - Throws: When the connection ends, or nothing is heard for `limit`, or a record was passed over.
    func read(after position: Position, limit: Duration, _ body: (LogRecord) -> Bool) throws {
        let connection = try TextConnection(ports: ports, limit: limit)
        let name = UInt64.random(in: 0 ... .max)
        let (answers, deliveries) = ("_INBOX.faults.\(name).a", "_INBOX.faults.\(name).d")
        // Each by its whole name: a wildcard is no interest to a push consumer.
        try connection.subscribe(answers, as: 1)
        try connection.subscribe(deliveries, as: 2)
        let config = """
            {"stream_name":"\(stream)","config":{"deliver_subject":"\(deliveries)","deliver_policy":"by_start_sequence",\
            "opt_start_seq":\(position.rawValue + 1),"ack_policy":"none","replay_policy":"instant","idle_heartbeat":1000000000}}
            """
        try connection.publish("$JS.API.CONSUMER.CREATE.\(stream)", reply: answers, config)
        var delivered = 0
        while true {
            let message = try connection.next()
            guard message.subject != answers else {
                let text = String(decoding: message.body, as: UTF8.self)
                guard !text.contains("\"error\":") else { throw SupportError("'\(stream)' cannot be read: \(text)") }
                continue
            }
            // $JS.ACK.<stream>.<consumer>.<deliveries>.<stream's sequence>.<consumer's>..., where newer servers may have domain and account before the
            // stream.
            let words = message.reply.split(separator: ".")
            guard words.count >= 9, words[1] == "ACK" else { continue }
            let shift = words.count > 9 ? 2 : 0
            let parts = message.subject.split(separator: ".", maxSplits: 3)
            guard let position = UInt64(words[5 + shift]), let number = Int(words[6 + shift]), parts.count == 4, let partition = Int(parts[2]) else {
                throw SupportError("a record of '\(stream)' was delivered as '\(message.subject)', '\(message.reply)'")
            }
            delivered += 1
            guard number == delivered else { throw SupportError("delivery \(number) of '\(stream)' came where \(delivered) was due") }
            let record = LogRecord(
                position: Position(position), partition: partition, envelope: .jetStream(subject: message.subject, headers: message.headers),
                body: message.body)
            guard body(record) else { return }
        }
    }

    private static func request(_ subject: String, _ body: String, on connection: TextConnection) throws -> [UInt8] {
        let inbox = "_INBOX.faults.\(UInt64.random(in: 0 ... .max))"
        try connection.subscribe(inbox, as: 1)
        try connection.publish(subject, reply: inbox, body)
        return try connection.next().body
    }
}
