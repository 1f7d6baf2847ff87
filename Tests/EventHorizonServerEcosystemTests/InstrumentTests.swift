#if ServerEcosystem
import EventHorizon
import EventHorizonServerEcosystem
import EventHorizonWorkers
import InMemoryLogging
import Logging
import MetricsTestKit
import Testing

@Suite struct LoggingInstrumentTests {
    func entries(_ level: Logger.Level, _ signals: Signal...) -> [InMemoryLogHandler.Entry] {
        let handler = InMemoryLogHandler()
        var logger = Logger(label: "test") { _ in handler }
        logger.logLevel = level
        let instrument = LoggingInstrument(logger)
        for signal in signals { instrument.receive(signal) }
        return handler.entries
    }

    @Test func a_signal_is_a_constant_message_with_metadata() {
        #expect(
            entries(.debug, .brokerLost(group: "seating", reason: "refused")) == [
                .init(level: .warning, message: "broker lost", metadata: ["group": "seating", "reason": "refused"])
            ])
    }

    @Test func signals_below_the_level_are_not_logged() {
        var counts = BatchCounts()
        counts.deliveries = 1
        let signals: (Signal, Signal) = (.batchSettled(group: "g", counts), .draining(group: "g"))
        #expect(entries(.debug, signals.0, signals.1).map(\.level) == [.debug, .notice])
        #expect(entries(.info, signals.0, signals.1).map(\.level) == [.notice])
        #expect(entries(.warning, signals.0, signals.1).isEmpty)
    }
}

@Suite struct SwiftMetricsInstrumentTests {
    @Test func counters_grow_and_gauges_follow() throws {
        let metrics = TestMetrics()
        let instrument = SwiftMetricsInstrument(factory: metrics)
        var counts = BatchCounts()
        counts.deliveries = 3
        instrument.receive(.batchSettled(group: "a", counts))
        instrument.receive(.batchSettled(group: "a", counts))
        instrument.receive(.batchSettled(group: "b", counts))
        #expect(try metrics.expectCounter("eventhorizon_deliveries_settled_total", [("group", "a")]).totalValue == 6)
        #expect(try metrics.expectCounter("eventhorizon_deliveries_settled_total", [("group", "b")]).totalValue == 3)
        #expect(try metrics.expectCounter("eventhorizon_commits_total", [("group", "b")]).totalValue == 0)

        let partitions = try metrics.expectMeter("eventhorizon_partitions", [("group", "a")])
        for partition in 0..<2 { instrument.receive(.partitionClaimed(group: "a", partition: partition, progress: .start, unclean: false)) }
        #expect(partitions.lastValue == 2)
        instrument.receive(.partitionLost(group: "a", partition: 1))
        #expect(partitions.lastValue == 1)

        let down = try metrics.expectMeter("eventhorizon_broker_down", [("group", "a")])
        instrument.receive(.brokerLost(group: "a", reason: ""))
        #expect(down.lastValue == 1)
        instrument.receive(.brokerRestored(group: "a"))
        #expect(down.lastValue == 0)
    }
}
#endif
