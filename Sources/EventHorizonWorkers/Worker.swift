/// Something that runs until its task is cancelled.
public protocol Worker: Sendable {
    /// Who is told what happens. The host adds its own before `run`.
    var instruments: [any Instrument] { get set }

    /// Joins the worker's groups and works. When the task is cancelled it drains: stops the intake, settles what is in hand, releases its
    /// partitions, and returns.
    /// - Throws: `Misconfiguration` where a person has to change something. A lost broker is waited for, a lost partition is given up alone.
    func run() async throws
}
