import CBenchFloor
import EventHorizon
import EventHorizonMemory
import EventHorizonWorkers
import Glibc
import ServerSupport

/// Runs the whole way several times, each beside the bare loop, and prints medians.
struct Pipeline {
    let options: Options

    struct Run {
        var seconds = 0.0
        var latencies: [Double] = []
        /// Of the bare loop.
        var floor: Floor?
        /// By process; the server's share is that of the pipeline, without the bare loop.
        var usage: [String: Usage] = [:]
    }

    struct Floor {
        var seconds: Double
        var latencies: [Double]
    }

    func run() async throws {
        var runs: [Run] = []
        let server = try await startedServer()
        for number in 1...options.runs {
            let before = server.map { Usage(of: $0.pid) }
            var run = try await options.broker == "memory" ? memory() : processes(server?.url ?? options.url, "bench\(number)")
            if let server, let before { run.usage["server"] = Usage(of: server.pid).since(before) }
            if options.hasFloor {
                let before = (own: Usage(of: getpid()), server: server.map { Usage(of: $0.pid) })
                run.floor = try floor(server?.url ?? options.url)
                run.usage["bare_loop"] = Usage(of: getpid()).since(before.own)
                if let server, let before = before.server { run.usage["bare_loop_server"] = Usage(of: server.pid).since(before) }
            }
            runs.append(run)
            progress(number, run)
        }
        await server?.stop()
        Report(options: options, runs: runs).print()
    }

    /// Nil where none is needed.
    private func startedServer() async throws -> (url: String, pid: Int32, stop: @Sendable () async -> Void)? {
        guard options.url.isEmpty else { return nil }
        switch options.broker {
        case "nats":
            let server = try await NATSServer.start()
            return (server.url, server.pid, { await server.stop() })
        case "kafka":
            let server = try await KafkaServer.start()
            return (server.url, server.pid, { await server.stop() })
        default: return nil
        }
    }

    private func progress(_ number: Int, _ run: Run) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        let floor = run.floor.map { ", bare loop \(Int(Double(options.commands) / $0.seconds))/s" } ?? ""
        StandardError.write("run \(number) of \(options.runs): \(Int(Double(options.commands) / run.seconds)) commands/s\(floor)")
    }

    // MARK: One run

    private func memory() async throws -> Run {
        let folder = try TemporaryFolder("bench")
        var options = options
        options.folder = folder.path
        let broker = MemoryBroker(partitionCount: options.partitions)
        let projecting = Projecting(options: options, broker: broker)
        return try await withThrowingTaskGroup(of: Void.self) { [options] group in
            group.addTask { try await Main.handler(options, broker).run() }
            async let measured = projecting.run()
            if let warmUp = options.warmUpOnly {
                _ = try await Publishing(options: warmUp, broker: broker).run()
                try await projecting.clock.wait(for: options.warmUp)
            }
            let start = try await Publishing(options: options, broker: broker).run()
            let end = try await measured
            group.cancelAll()
            return Run(seconds: end.end - start, latencies: end.latencies)
        }
    }

    private func processes(_ url: String, _ application: String) async throws -> Run {
        let folder = try TemporaryFolder("bench")
        let handler = try child(.handler, url, folder, application)
        let projector = try child(.projector, url, folder, application)
        for worker in [handler, projector] { _ = try await worker.line(within: .seconds(20)) { $0 == "ready" } }
        let limit = Duration.seconds(60 + (options.warmUp + options.commands) / 500 + (options.rate > 0 ? options.commands / options.rate : 0))
        if let warmUp = options.warmUpOnly {
            try await end(of: child(.publisher, url, folder, application, warmUp), within: limit)
            _ = try await projector.line(within: limit) { $0 == "warm" }
        }
        let publisher = try child(.publisher, url, folder, application)
        for child in [publisher, projector] { try await end(of: child, within: limit) }
        var run = Run()
        run.usage["command_handler"] = Usage(of: handler.pid)
        handler.terminate()
        var start = 0.0
        for (role, child) in [("publisher", publisher), ("projector", projector)] {
            for line in child.standardOutput.split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.first == "usage" { run.usage[role] = Usage(words) }
                guard words.count == 2, let value = Double(words[1]) else { continue }
                switch words[0] {
                case "start": start = value
                case "end": run.seconds = value
                case "latency": run.latencies.append(value)
                default: break
                }
            }
        }
        run.seconds -= start
        await handler.kill()
        return run
    }

    private func end(of child: ChildProcess, within limit: Duration) async throws {
        let status = try await child.exit(within: limit)
        guard status == .exited(0) else { throw Misconfiguration("\(child.name) ended with \(status):\n\(child.tail())") }
    }

    private func child(
        _ role: Options.Role, _ url: String, _ folder: TemporaryFolder, _ application: String, _ options: Options? = nil
    ) throws -> ChildProcess {
        try ChildProcess(
            Self.program, (options ?? self.options).arguments(for: role, url: url, folder: folder.path) + ["--application", application],
            errors: .inherited)
    }

    /// This very program.
    private static let program = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        return String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    private func floor(_ url: String) throws -> Floor {
        let folder = try TemporaryFolder("bench")
        // The bare loop over librdkafka takes the broker as librdkafka does.
        let url = url.hasPrefix("kafka://") ? String(url.dropFirst("kafka://".count)) : url
        return try url.withCString { url in
            try (folder.path + "/rows").withCString { rows in
                var asked = bench_floor_options(
                    url: url, rows: rows, commands: Int32(options.commands), warm_up: Int32(options.warmUp),
                    aggregates: Int32(options.aggregates), partitions: Int32(options.partitions), payload: Int32(options.payload),
                    rate: Int32(options.rate))
                var result = bench_floor_result()
                if options.broker == "kafka" { bench_floor_run_kafka(&asked, &result) } else { bench_floor_run(&asked, &result) }
                defer { free(result.latencies) }
                let error = withUnsafeBytes(of: &result.error) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                guard error.isEmpty, result.rows == options.warmUp + options.commands else {
                    throw Misconfiguration("the bare loop failed: \(error), \(result.rows) of \(options.warmUp + options.commands) rows")
                }
                // Those of the warm-up come first.
                let latencies = UnsafeBufferPointer(start: result.latencies, count: result.rows).dropFirst(options.warmUp)
                return Floor(seconds: result.seconds, latencies: Array(latencies))
            }
        }
    }
}
