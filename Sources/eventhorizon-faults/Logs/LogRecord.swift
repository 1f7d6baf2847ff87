import EventHorizon

/// A record of a log, as it lies there.
struct LogRecord: Sendable {
    /// What there is beside the body.
    enum Envelope: Sendable {
        /// - headers: as they lie there, from `NATS/1.0` to the empty line.
        case jetStream(subject: String, headers: [UInt8])
        case kafka(key: [UInt8], headers: [(name: String, value: [UInt8])])
    }

    var position: Position
    var partition: Int
    var envelope: Envelope
    var body: [UInt8]

    /// For a person.
    var name: String {
        switch envelope {
        case .jetStream(let subject, _): subject
        case .kafka(let key, _): "partition \(partition), key '\(String(decoding: key, as: UTF8.self))'"
        }
    }
}
