import ServerSupport

/// The demo as it is deployed: a server and workers, each a process of its own.
enum SeparateProcesses {
    static func demo(_ options: Options) async throws -> [String] {
        let folder = try TemporaryFolder("guestlist-demo")
        let stage = try await Stage(options, folder: folder.path, lifetime: .bound)
        let lines: [String]
        do {
            try await stage.startWorkers(options)
            lines = try await stage.runClient()
        } catch {
            let tails = stage.tails
            try? await stage.end()
            throw SupportError("\(error)\n\(tails)")
        }
        try await stage.end()
        return lines
    }
}
