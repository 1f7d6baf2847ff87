public import EventHorizon
internal import EventHorizonWire

extension MemoryBroker {
    /// A log's records in order of position, decoded.
    public func records(of log: Log) -> [LogRecord] {
        withState { state in
            state[log].partitions.indices
                .flatMap { partition in
                    state[log].partitions[partition].map { record in
                        LogRecord(
                            partition: partition, position: record.position,
                            content: record.bytes.withUnsafeBytes { state.codec.content(of: $0, in: log) })
                    }
                }
                .sorted { $0.position < $1.position }
        }
    }

    /// How many records a log holds.
    public func count(of log: Log) -> Int { withState { state in state[log].partitions.reduce(0) { $0 + $1.count } } }

    /// What every worker has to agree on.
    public var topology: Topology { withState { state in state.topology } }

    /// A group's recorded progress, by partition; nil for a group that never joined.
    public func progress(of group: String) -> [Position]? {
        withState { state in state.groups.first { $0.name == group }?.progress }
    }

    /// The ids of the members that hold a group's partitions, by partition; nil for a group that never joined.
    public func owners(of group: String) -> [String?]? {
        withState { state in
            state.groups.first { $0.name == group }?.owners.map { number in
                number.flatMap { state.index(of: $0) }.map { state.members[$0].id }
            }
        }
    }

    /// How often each fault came true, by the name of its switch.
    public var faultCounts: [(name: String, count: Int)] {
        withState { state in zip(MemoryFaults.switches, state.faultCounts).map { ($0.name, $1) } }
    }

    /// Records that groups have not settled, in sentences; empty where every group is done with all there is and nothing is under way.
    public var unsettled: [String] {
        withState { state in
            var found: [String] = []
            if !state.underWay.isEmpty { found.append("\(state.underWay.count) records are under way to a log") }
            for group in state.groups {
                for partition in group.progress.indices {
                    let log = state[group.log]
                    let count = log.partitions[partition].count - log.index(after: group.progress[partition], in: partition)
                    if count > 0 { found.append("group '\(group.name)' has not settled \(count) records of partition \(partition)") }
                }
            }
            return found
        }
    }

    /// Stores bytes as they are, as a stranger might: a record that no codec of ours wrote.
    ///
    /// - Parameters:
    ///   - bytes: The body.
    ///   - log: Where it is stored.
    ///   - stream: Whose the headers say that it is; decides who is given it, and the partition.
    ///   - type: The type that the headers name.
    @discardableResult
    public func store(foreign bytes: [UInt8], in log: Log, stream: StreamID, type: String = "") -> Position {
        withState { state in
            let partition = state.partition(of: stream.aggregate)
            let position = state[log].append(bytes, to: partition, stream: stream, type: type, isCommit: log == .events)
            state.notify(log, partition)
            return position
        }
    }
}
