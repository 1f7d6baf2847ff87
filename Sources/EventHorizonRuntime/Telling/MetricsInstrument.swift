internal import EventHorizon
public import EventHorizonWorkers
internal import EventHorizonBridge
internal import Glibc
internal import Synchronization

/// Counts signals and writes the counts as Prometheus text.
public final class MetricsInstrument: Instrument {
    /// By group, in the order of `Signal.Metric.all`.
    private let counts = Mutex<[String: [Int]]>([:])
    private static let places = Dictionary(uniqueKeysWithValues: Signal.Metric.all.enumerated().map { ($1, $0) })
    /// In seconds since 1970.
    private let start: Double

    public convenience init() { self.init(startedAt: SystemClock().time) }

    init(startedAt start: Timestamp) { self.start = Double(start.nanoseconds) / 1e9 }

    public func receive(_ signal: Signal) {
        let changes = signal.metrics
        counts.withLock { counts in
            // Every metric of a group begins with 0 when the group is first heard of, so that its first increase is seen as one.
            var row = counts[signal.group] ?? Array(repeating: 0, count: Signal.Metric.all.count)
            // Taken out meanwhile, or changing it would copy it.
            counts[signal.group] = nil
            for (metric, change) in changes {
                guard let place = Self.places[metric] else { continue }
                switch change {
                case .add(let number): row[place] &+= number
                case .set(let number): row[place] = number
                }
            }
            counts[signal.group] = row
        }
    }

    /// The text exposition format, version 0.0.4.
    public func prometheusText() -> String {
        let groups = counts.withLock { $0 }.sorted { $0.key < $1.key }
        var text = ""
        func head(_ name: String, _ kind: Signal.Metric.Kind, _ help: String) {
            text += "# HELP \(name) \(help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))\n# TYPE \(name) \(kind.rawValue)\n"
        }
        for (place, metric) in Signal.Metric.all.enumerated() where !groups.isEmpty {
            if place == 0 || Signal.Metric.all[place - 1].name != metric.name { head(metric.name, metric.kind, metric.help) }
            let failure = metric.failure.map { ",failure=\"\($0)\"" } ?? ""
            for (group, row) in groups { text += "\(metric.name){group=\"\(Self.escaped(group))\"\(failure)} \(row[place])\n" }
        }
        if let resident = Self.residentMemory() {
            head("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
            text += "process_resident_memory_bytes \(resident)\n"
        }
        head("process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.")
        text += "process_start_time_seconds \(start)\n"
        return text
    }

    private static func escaped(_ label: String) -> String {
        label.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// In bytes; nil where the system does not tell.
    private static func residentMemory() -> Int? {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        // Total and resident size, in pages.
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
