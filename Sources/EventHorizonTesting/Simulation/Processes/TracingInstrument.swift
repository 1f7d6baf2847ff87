internal import EventHorizon
internal import EventHorizonWorkers

/// Writes what a simulated process tells as lines with the virtual time.
struct TracingInstrument: Instrument {
    let process: SimulatedProcess
    let clock: any WorkerClock
    let write: @Sendable (String) -> Void

    func receive(_ signal: Signal) {
        guard !process.isKilled else { return }
        let line = signal.logLine
        let fields = line.fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
        write("\(Self.text(clock.now)) \(process.name): \(line.message) \(fields)")
    }

    /// Seconds with six decimals.
    static func text(_ instant: Instant) -> String {
        let microseconds = instant.nanoseconds / 1_000
        let rest = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - rest.count))\(rest)"
    }
}
