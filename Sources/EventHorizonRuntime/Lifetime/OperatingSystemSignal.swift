internal import Dispatch
internal import Glibc

/// A signal that asks the process to end.
enum OperatingSystemSignal: String, CaseIterable, CustomStringConvertible {
    case terminate = "SIGTERM"
    case interrupt = "SIGINT"

    var description: String { rawValue }
    var number: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        }
    }

    /// From now on these signals are reported instead of ending the process, for as long as what is returned lives.
    static func subscribe(_ report: @escaping @Sendable (OperatingSystemSignal) -> Void) -> [any DispatchSourceSignal] {
        allCases.map { signal in
            let source = DispatchSource.makeSignalSource(signal: signal.number, queue: .global())
            source.setEventHandler { report(signal) }
            source.activate()
            return source
        }
    }
}
