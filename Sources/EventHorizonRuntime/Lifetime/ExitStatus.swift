internal import EventHorizon

/// How a worker's process ends.
enum ExitStatus: Equatable {
    /// Settled, released, done.
    case drained
    /// A person has to change something. Code 78, `EX_CONFIG`: starting again helps nothing.
    case misconfigured([String])
    /// Code 70, `EX_SOFTWARE`.
    case failed(String)
    /// A second signal did not want to wait. Code 128 and the signal's number, as of a process that it killed.
    case interrupted(OperatingSystemSignal)
    /// The work in hand took longer than a drain may. Code 75, `EX_TEMPFAIL`.
    case undrained(within: Duration)

    init(_ error: any Error) {
        self = if let error = error as? Misconfiguration { .misconfigured(error.problems) } else { .failed("\(error)") }
    }

    var code: Int32 {
        switch self {
        case .drained: 0
        case .misconfigured: 78
        case .failed: 70
        case .interrupted(let signal): 128 + signal.number
        case .undrained: 75
        }
    }

    /// What a person reads on standard error; nil where all is well.
    func message(_ worker: String) -> String? {
        switch self {
        case .drained: nil
        case .misconfigured(let problems):
            "\(worker) cannot run:\n\n" + problems.map { "  * " + $0.replacing("\n", with: "\n    ") }.joined(separator: "\n")
                + "\n\nEvery key: \(worker) --help\n"
        case .failed(let reason):
            "\(worker) failed:\n\n  * " + reason.replacing("\n", with: "\n    ")
                + "\n\nNothing that was acknowledged is lost. Start it again; if it fails again, report this.\n"
        case .interrupted(let signal):
            "\(worker): a second signal (\(signal)) came while draining: ended at once. What was in hand is read again by the next owner.\n"
        case .undrained(let limit):
            "\(worker): not drained within \(ConfigurationKey.drainDeadline.type.format(limit)): ended. "
                + "What was in hand is read again by the next owner; --drain-deadline allows more time.\n"
        }
    }
}
