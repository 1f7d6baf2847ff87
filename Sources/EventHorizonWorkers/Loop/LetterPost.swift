internal import EventHorizon

/// Makes a group's dead letters, hands them over, and tells of them.
struct LetterPost {
    /// The log that the group reads, where what is written about lies.
    let log: Log
    let member: any GroupMember
    let clock: any WorkerClock

    func place(of position: Position, in partition: Int, index: Int = 0) -> Place {
        Place(log: log, incarnation: member.incarnation, partition: partition, position: position, index: index)
    }

    /// - Parameters:
    ///   - message: what the broker writes as the record; nil where it could not be decoded, and `record` has the bytes.
    ///   - kind: nil for what did not fail itself.
    ///   - firstFailedAt: nil for now.
    func send(
        _ token: Int, about place: Place, stream: StreamID?, type: String, message: Envelope? = nil, record: [UInt8] = [],
        kind: FailurePolicy.Kind?, reason: String, attempts: Int = 1, firstFailedAt: Timestamp? = nil, by reporter: Reporter,
        into outcome: inout Outcome
    ) {
        let time = clock.time
        let letter = DeadLetter(
            place: place, group: reporter.group, reason: reason, attempts: attempts, worker: member.id, firstFailedAt: firstFailedAt ?? time,
            lastFailedAt: time, stream: stream, type: type, record: record)
        outcome.letters.append(.init(token: token, partition: place.partition, letter: letter, message: message))
        reporter.report(.deadLettered(group: reporter.group, stream: stream, kind: kind, type: type, reason: reason))
    }
}
