internal import EventHorizon

/// Hands a loop's signals to its instruments, and gathers a turn's counts.
struct Reporter {
    let group: String
    let instruments: [any Instrument]
    var counts = BatchCounts()

    init(group: String, instruments: [any Instrument]) {
        self.group = group
        self.instruments = instruments
    }

    func report(_ signal: Signal) {
        for instrument in instruments { instrument.receive(signal) }
    }

    /// At the end of a turn.
    mutating func flush() {
        guard !counts.isEmpty else { return }
        report(.batchSettled(group: group, counts))
        counts = BatchCounts()
    }

    func report(_ notices: [BrokerNotice]) {
        for notice in notices {
            switch notice {
            case .connectionLost(let reason): report(.brokerLost(group: group, reason: reason))
            case .connectionRestored: report(.brokerRestored(group: group))
            case .readerRestarted(let partition, let reason): report(.readerRestarted(group: group, partition: partition, reason: reason))
            case .stalled(_, let reason): report(.brokerRefused(group: group, reason: reason))
            case .dangerous(let reason): report(.brokerDangerous(group: group, reason: reason))
            }
        }
    }

    /// What a newer build wrote is not poison: this build stops, so that a newer one goes on.
    func future(_ reason: String, of stream: StreamID, in partition: Int) -> Misconfiguration {
        report(.futureMet(group: group, partition: partition, reason: reason))
        return Misconfiguration("'\(stream)' holds what this build cannot read: \(reason). Deploy the build that knows it; readers go before writers")
    }
}
