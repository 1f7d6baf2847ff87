import EventHorizon
import EventHorizonWorkers
import Glibc
import Synchronization
import Testing

@testable import EventHorizonRuntime

/// A pipe, whose writing end stands for standard error.
final class LinePipe: Sendable {
    let reading: Int32
    let writing: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// Everything that was written so far, which is not nothing.
    func text() -> String {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(reading, &bytes, bytes.count)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }
}

struct FixedClock: WorkerClock {
    var now: Instant { Instant(nanoseconds: 0) }
    var time: Timestamp { Timestamp(nanoseconds: 1_764_019_643_123_456_789) }
    func sleep(until instant: Instant) async {}
}

@Suite struct LogInstrumentTests {
    func lines(_ format: LogFormat, _ level: Signal.Severity = .debug, _ signals: Signal...) throws -> String {
        let pipe = try LinePipe()
        let log = LogInstrument(worker: "saga", level: level, format: format, descriptor: pipe.writing, clock: FixedClock())
        for signal in signals { log.receive(signal) }
        log.write(.error, "the end")
        return pipe.text()
    }

    @Test func a_line_of_json_a_signal() throws {
        #expect(
            try lines(.json, .debug, .brokerLost(group: "g", reason: "\"\n\t\\\u{1}é")) == #"""
                {"time":"2025-11-24T21:27:23.123Z","level":"warning","worker":"saga","message":"broker lost","group":"g","reason":"\"\n\t\\\u0001é"}
                {"time":"2025-11-24T21:27:23.123Z","level":"error","worker":"saga","message":"the end"}

                """#)
    }

    @Test func a_line_of_text_a_signal_whatever_its_values_contain() throws {
        #expect(
            try lines(.text, .debug, .brokerLost(group: "seating", reason: "said \"no\"\nand left"), .draining(group: "seating")) == #"""
                2025-11-24T21:27:23.123Z warning broker lost group=seating reason="said \"no\"\nand left"
                2025-11-24T21:27:23.123Z notice  draining group=seating
                2025-11-24T21:27:23.123Z error   the end

                """#)
    }

    @Test func what_is_no_terminal_gets_json() throws {
        #expect(try lines(.auto).hasPrefix("{"))
    }

    @Test func lines_below_the_level_are_not_written() throws {
        var counts = BatchCounts()
        counts.deliveries = 1
        let signals: (Signal, Signal) = (.batchSettled(group: "g", counts), .partitionReleased(group: "g", partition: 1))
        #expect(try lines(.text, .debug, signals.0, signals.1).split(separator: "\n").count == 3)
        #expect(try lines(.text, .info, signals.0, signals.1).split(separator: "\n").count == 2)
        #expect(try lines(.text, .warning, signals.0, signals.1).split(separator: "\n").count == 1)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
        (1_767_225_599_001_000_000, "2025-12-31T23:59:59.001Z"),
    ])
    func times_are_written_in_utc(nanoseconds: Int64, text: String) {
        #expect(Timestamp(nanoseconds: nanoseconds).rfc3339 == text)
    }
}

@Suite struct MetricsInstrumentTests {
    @Test func metrics_are_prometheus_text() {
        let metrics = MetricsInstrument(startedAt: Timestamp(nanoseconds: 1_500_000_000))
        var counts = BatchCounts()
        counts.deliveries = 3
        counts.commits = 2
        metrics.receive(.batchSettled(group: "invitations", counts))
        metrics.receive(.batchSettled(group: "invitations", counts))
        metrics.receive(.partitionClaimed(group: "a\"b\\c\nd", partition: 0, progress: .start, unclean: false))
        metrics.receive(.partitionClaimed(group: "invitations", partition: 0, progress: .start, unclean: false))
        metrics.receive(.partitionClaimed(group: "invitations", partition: 1, progress: .start, unclean: false))
        metrics.receive(.partitionLost(group: "invitations", partition: 1))
        metrics.receive(.brokerLost(group: "invitations", reason: ""))
        metrics.receive(.brokerLost(group: "invitations", reason: ""))
        let text = metrics.prometheusText()
        #expect(
            text.hasPrefix(
                #"""
                # HELP eventhorizon_deliveries_settled_total Messages that are done with.
                # TYPE eventhorizon_deliveries_settled_total counter
                eventhorizon_deliveries_settled_total{group="a\"b\\c\nd"} 0
                eventhorizon_deliveries_settled_total{group="invitations"} 6
                # HELP eventhorizon_commits_total Commits stored.
                # TYPE eventhorizon_commits_total counter
                eventhorizon_commits_total{group="a\"b\\c\nd"} 0
                eventhorizon_commits_total{group="invitations"} 4

                """#), "\(text)")
        let lines = text.split(separator: "\n")
        #expect(lines.contains("# TYPE eventhorizon_partitions gauge"))
        #expect(lines.contains(#"eventhorizon_partitions{group="invitations"} 1"#))
        #expect(lines.contains(#"eventhorizon_broker_down{group="invitations"} 1"#))
        #expect(lines.contains("process_start_time_seconds 1.5"))
        #expect(lines.contains { $0.hasPrefix("process_resident_memory_bytes ") })
        #expect(text.hasSuffix("\n"))
        #expect(Set(lines.filter { $0.hasPrefix("# TYPE") }).count == lines.count { $0.hasPrefix("# TYPE") })
    }

    @Test func every_metric_of_every_signal_is_listed() {
        let group = "g"
        let stream = StreamID("c", "a")
        var counts = BatchCounts()
        counts.deliveries = 1
        let signals: [Signal] = [
            .started(group: group, member: ""), .partitionClaimed(group: group, partition: 0, progress: .start, unclean: true),
            .partitionReleased(group: group, partition: 0), .partitionLost(group: group, partition: 0), .batchSettled(group: group, counts),
            .conflict(group: group, stream: stream), .retried(group: group, stream: nil, kind: .failed, attempt: 1, reason: "", next: .zero),
            .deadLettered(group: group, stream: nil, kind: nil, type: "", reason: ""),
            .parked(group: group, stream: stream, kind: .failed, reason: ""),
            .released(group: group, stream: stream), .forwarded(group: group, stream: stream),
            .futureMet(group: group, partition: 0, reason: ""), .progressStalled(group: group, partition: 0, since: .zero),
            .progressResumed(group: group, partition: 0), .brokerLost(group: group, reason: ""), .brokerRestored(group: group),
            .readerRestarted(group: group, partition: 0, reason: ""), .brokerRefused(group: group, reason: ""),
            .brokerDangerous(group: group, reason: ""), .draining(group: group), .drained(group: group),
        ]
        for signal in signals {
            for (metric, _) in signal.metrics { #expect(Signal.Metric.all.contains(metric), "\(metric.name)") }
        }
    }
}
