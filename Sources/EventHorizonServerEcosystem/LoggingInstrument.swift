#if ServerEcosystem
public import EventHorizonWorkers
public import Logging

/// Hands signals to swift-log: the message is always the same for one kind of signal, what differs is metadata.
public struct LoggingInstrument: EventHorizonWorkers.Instrument {
    private let logger: Logger

    public init(_ logger: Logger) { self.logger = logger }

    public func receive(_ signal: Signal) {
        // The one signal of the hot path: no line is made only to be thrown away.
        if logger.logLevel > .debug, case .batchSettled = signal { return }
        let line = signal.logLine
        let level = Logger.Level(line.severity)
        guard level >= logger.logLevel else { return }
        logger.log(
            level: level, "\(line.message)", metadata: Logger.Metadata(line.fields.map { ($0.name, .string($0.value)) }) { first, _ in first },
            source: "EventHorizon")
    }
}

extension Logger.Level {
    init(_ severity: Signal.Severity) {
        self =
            switch severity {
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            }
    }
}
#endif
