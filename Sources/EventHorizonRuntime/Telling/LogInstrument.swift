internal import EventHorizon
public import EventHorizonWorkers
internal import EventHorizonBridge
internal import Glibc

/// Writes signals as log lines to a file descriptor: each line with one `write`, so that the lines of several threads and processes do not mix.
///
/// A write waits for as long as the descriptor does; a line that cannot be written is lost.
public struct LogInstrument: Instrument {
    let worker: String
    let level: Signal.Severity
    let isJSON: Bool
    let descriptor: Int32
    let clock: any WorkerClock

    /// - Parameters:
    ///   - worker: the program's name, in every line.
    ///   - level: the least severe lines to write.
    ///   - format: text, JSON, or what fits the descriptor.
    ///   - descriptor: standard error where it is nil.
    public init(worker: String, level: Signal.Severity = .info, format: LogFormat = .auto, descriptor: Int32? = nil) {
        self.init(worker: worker, level: level, format: format, descriptor: descriptor ?? STDERR_FILENO, clock: SystemClock())
    }

    init(worker: String, level: Signal.Severity, format: LogFormat, descriptor: Int32, clock: any WorkerClock) {
        self.worker = worker
        self.level = level
        self.isJSON =
            switch format {
            case .auto: isatty(descriptor) == 0
            case .json: true
            case .text: false
            }
        self.descriptor = descriptor
        self.clock = clock
    }

    public func receive(_ signal: Signal) {
        // The one signal of the hot path: no line is made only to be thrown away.
        if level > .debug, case .batchSettled = signal { return }
        let line = signal.logLine
        write(line.severity, line.message, line.fields)
    }

    /// A line of the host's own.
    func write(_ severity: Signal.Severity, _ message: String, _ fields: [(name: String, value: String)] = []) {
        guard severity >= level else { return }
        let line = isJSON ? json(severity, message, fields) : text(severity, message, fields)
        Self.write(line, to: descriptor)
    }

    /// Writes a text whole, as far as the descriptor takes it.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var done = 0
            while done < bytes.count {
                let written = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if written > 0 {
                    done += written
                } else if errno != EINTR {
                    return
                }
            }
        }
    }

    private func json(_ severity: Signal.Severity, _ message: String, _ fields: [(name: String, value: String)]) -> String {
        var line = "{\"time\":\"\(clock.time.rfc3339)\",\"level\":\"\(severity.rawValue)\",\"worker\":"
        line.appendJSON(worker)
        line += ",\"message\":"
        line.appendJSON(message)
        for (name, value) in fields {
            line += ","
            line.appendJSON(name)
            line += ":"
            line.appendJSON(value)
        }
        return line + "}\n"
    }

    private func text(_ severity: Signal.Severity, _ message: String, _ fields: [(name: String, value: String)]) -> String {
        var line = "\(clock.time.rfc3339) "
        line += severity.rawValue + String(repeating: " ", count: 8 - severity.rawValue.count)
        line += message
        for (name, value) in fields {
            line += " \(name)="
            // Quoted where it would not read as one value; line breaks within a reason must not look like further lines.
            if value.isEmpty || value.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") || $0 == 0x7F }) {
                line.appendJSON(value)
            } else {
                line += value
            }
        }
        return line + "\n"
    }
}

extension String {
    /// As a JSON string (RFC 8259), quotes included.
    package mutating func appendJSON(_ text: String) {
        append("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\n": append("\\n")
            case "\r": append("\\r")
            case "\t": append("\\t")
            case "\0"..<" ", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            default: unicodeScalars.append(scalar)
            }
        }
        append("\"")
    }
}
