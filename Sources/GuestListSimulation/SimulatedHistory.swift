internal import EventHorizon
public import EventHorizonHistory
public import EventHorizonTesting

/// What one seed came to.
public struct SimulatedHistory: Sendable {
    public let report: SimulationReport
    public let history: History
    /// Every promise that was broken; empty is well.
    public let violations: [Violation]

    /// Stands for all that happened: two runs with the same one had the same logs, in as many jobs and as much time.
    public var digest: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func mix(_ text: String) { for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 } }
        for command in history.commands { mix("\(command.position) \(command.partition) \(command.envelope.id) \(command.envelope.occurredAt)") }
        for logged in history.events {
            mix("\(logged.position) \(logged.partition) \(logged.commit.stream) \(logged.commit.number)")
            for decided in logged.commit.decided { mix("\(decided.id) \(decided.place.position) \(decided.outcome)") }
            for event in logged.commit.events { mix("\(event.id)") }
        }
        for command in history.sent { mix("\(command.sentAt) \(command.fate) \(command.told.count)") }
        for fault in report.faults { mix("\(fault.name) \(fault.count)") }
        for violation in violations { mix("\(violation)") }
        return "\(report.jobs) jobs, \(report.virtualTime), \(history.commands.count) commands, \(history.events.count) commits, "
            + String(hash, radix: 16)
    }
}
