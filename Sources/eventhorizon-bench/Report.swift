/// A table for people, then a line of JSON for programs.
struct Report {
    let options: Options
    let runs: [Pipeline.Run]

    func print() {
        let speeds = runs.map { Double(options.commands) / $0.seconds }
        let floors = runs.compactMap { run in run.floor.map { Double(options.commands) / $0.seconds } }
        let ratios = zip(speeds, floors).map { $0 / $1 }
        let latencies = runs.flatMap(\.latencies).sorted()
        let floorLatencies = runs.compactMap(\.floor).flatMap(\.latencies).sorted()
        let processes = Set(runs.flatMap(\.usage.keys)).sorted()
        let resident = processes.map { name in (name, runs.compactMap { $0.usage[name]?.residentMegabytes }.max() ?? 0) }
        let processor = processes.map { name in
            (name, median(runs.compactMap { $0.usage[name]?.processorSeconds }) * 1_000_000 / Double(options.commands))
        }
        let rows: [(String, String)] =
            [
                ("broker", options.broker),
                ("commands, aggregates, payload", "\(options.commands), \(options.aggregates), \(options.payload) B \(options.format)"),
                ("warm-up, partitions", "\(options.warmUp), \(options.partitions)"), ("commands/s", whole(median(speeds))),
                ("bare loop/s", floors.isEmpty ? "-" : whole(median(floors))),
                ("ratio", ratios.isEmpty ? "-" : decimal(median(ratios))),
                ("p50, p99, p99.9 ms", percentiles(latencies)), ("bare loop p50, p99, p99.9 ms", percentiles(floorLatencies)),
            ] + resident.map { ("peak resident MB, \($0)", "\($1)") } + processor.map { ("processor us a command, \($0)", decimal($1)) }
        for (name, value) in rows { Swift.print(name + String(repeating: " ", count: max(1, 36 - name.count)) + value) }

        func milliseconds(_ percent: Double, of latencies: [Double]) -> String {
            latencies.isEmpty ? "null" : decimal(percentile(latencies, percent) * 1000)
        }
        let fields = [
            "\"broker\":\"\(options.broker)\"", "\"commands\":\(options.commands)", "\"warm_up\":\(options.warmUp)",
            "\"partitions\":\(options.partitions)", "\"aggregates\":\(options.aggregates)",
            "\"payload\":\(options.payload)",
            "\"format\":\"\(options.format)\"", "\"shared\":\(options.shared)", "\"rate\":\(options.rate)", "\"runs\":\(runs.count)",
            "\"commands_per_second\":\(whole(median(speeds)))", "\"floor_per_second\":\(floors.isEmpty ? "null" : whole(median(floors)))",
            "\"ratio\":\(ratios.isEmpty ? "null" : decimal(median(ratios)))", "\"p50_ms\":\(milliseconds(50, of: latencies))",
            "\"p99_ms\":\(milliseconds(99, of: latencies))", "\"p999_ms\":\(milliseconds(99.9, of: latencies))",
            "\"floor_p50_ms\":\(milliseconds(50, of: floorLatencies))", "\"floor_p99_ms\":\(milliseconds(99, of: floorLatencies))",
            "\"floor_p999_ms\":\(milliseconds(99.9, of: floorLatencies))",
            "\"peak_resident_mb\":{\(resident.map { "\"\($0)\":\($1)" }.joined(separator: ","))}",
            "\"processor_us_per_command\":{\(processor.map { "\"\($0)\":\(decimal($1))" }.joined(separator: ","))}",
        ]
        Swift.print("{\(fields.joined(separator: ","))}")
    }

    private func median(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.sorted()[values.count / 2] }
    private func percentiles(_ sorted: [Double]) -> String {
        sorted.isEmpty ? "-" : [50, 99, 99.9].map { decimal(percentile(sorted, $0) * 1000) }.joined(separator: ", ")
    }
    private func percentile(_ sorted: [Double], _ percent: Double) -> Double {
        sorted[min(sorted.count - 1, Int(percent / 100 * Double(sorted.count)))]
    }
    private func whole(_ value: Double) -> String { "\(Int(value.rounded()))" }
    private func decimal(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
