import Glibc
import ServerSupport

/// A server and workers that stay up, and what is known of them in `.run`.
enum Running {
    private static let folder = ".run"
    private static let record = "\(folder)/processes"

    static func start(_ options: Options) async throws -> [String] {
        guard options.broker != .memory else { throw SupportError("a memory broker lives in one process: use demo, or leave BROKER out") }
        let known = Known.read(record)
        if known.contains(where: \.identity.isRunning) { throw SupportError("it is running already: end it first (make stop)") }
        TemporaryFolder.remove(folder)
        guard mkdir(folder, 0o755) == 0, let path = realpath(folder, nil) else {
            throw SupportError("cannot make the folder '\(folder)': \(String(cString: strerror(errno)))")
        }
        let absolute = String(cString: path)
        free(path)

        let stage = try await Stage(options, folder: absolute, lifetime: .detached)
        do {
            // Written before the workers are waited for: what is up can be ended, whatever happens here.
            if let server = stage.server { try Known.append(server.pid, server.name, to: record) }
            try await stage.startWorkers(options) { try Known.append($0.process.pid, $0.name, to: record) }
        } catch {
            let tails = stage.tails
            _ = try? await stop()
            throw SupportError("\(error)\n\(tails)")
        }
        return lines(of: stage)
    }

    private static func lines(of stage: Stage) -> [String] {
        var rows = [["", "pid", "address", "log"]]
        if let server = stage.server { rows.append([server.name, "\(server.pid)", server.url, "\(folder)/\(server.log)"]) }
        for worker in stage.workers {
            rows.append([worker.name, "\(worker.process.pid)", "http://127.0.0.1:\(worker.port)/readyz", "\(folder)/\(worker.name).log"])
        }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let table = rows.map { row in
            zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }.joined(separator: "  ").trimmingEnd()
        }
        let client = ".build/debug/guestlist --broker \(stage.broker) --application \(stage.application) --read-model \(folder)/read-models"
        return table + ["", "The scenario, once: \(client)", "The end of it all:  make stop"]
    }

    static func stop() async throws -> [String] {
        let known = Known.read(record).filter(\.identity.isRunning)
        guard !known.isEmpty else {
            TemporaryFolder.remove(folder)
            return ["nothing runs"]
        }
        // The workers settle what is in hand, so the server goes last.
        var lines: [String] = []
        for servers in [false, true] {
            let these = known.filter { StartedServer.names.contains($0.name) == servers }
            for process in these { process.identity.send(signal: SIGTERM) }
            for process in these {
                if await process.identity.ends(within: .seconds(20)) {
                    lines.append("\(process.name) (\(process.identity.pid)) has ended")
                } else {
                    process.identity.send(signal: SIGKILL)
                    _ = await process.identity.ends(within: .seconds(5))
                    lines.append("\(process.name) (\(process.identity.pid)) did not end within 20 s and was killed")
                }
            }
        }
        TemporaryFolder.remove(folder)
        return lines
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
