import Glibc
import ServerSupport

/// A worker process that is started again each time it dies.
struct MortalWorker: Sendable {
    private let arguments: [String]
    private let mended: String

    /// - Parameter mended: the path of the file that is there once the bug is mended.
    init(_ arguments: [String], mended: String) {
        self.arguments = arguments + ["--http", "off"]
        self.mended = mended
    }

    /// Keeps one alive until `body` is through, and then drains it.
    /// - Returns: How often it died.
    func running(_ body: @escaping @Sendable () async throws -> Void) async throws -> Int {
        try await withThrowingTaskGroup(of: Int?.self) { group in
            group.addTask {
                try await body()
                return nil
            }
            group.addTask {
                var deaths = 0
                while true {
                    let process = try start()
                    while process.isRunning, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
                    if Task.isCancelled {
                        process.terminate()
                        while process.isRunning { await Task.yield() }
                    }
                    switch process.exitStatus {
                    case .exited(0) where Task.isCancelled: return deaths
                    case .killed: deaths += 1
                    case let status: throw SupportError("the worker \(status.map { "\($0)" } ?? "runs")\(process.tail())")
                    }
                    if Task.isCancelled { return deaths }
                }
            }
            // What fails first ends the other.
            guard let first = try await group.next(), first == nil else { return 0 }
            group.cancelAll()
            return try await group.next().flatMap { $0 } ?? 0
        }
    }

    private func start() throws -> ChildProcess {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        let tests = String(decoding: path[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let programs = tests[..<(tests.lastIndex(of: "/") ?? tests.startIndex)]
        return try ChildProcess(
            "\(programs)/mortal-worker", arguments, environment: ["MORTAL_MENDED": mended, "SWIFT_BACKTRACE": "enable=no"])
    }
}

func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw SupportError("cannot write '\(path)': \(String(cString: strerror(errno)))") }
    fputs(text, file)
    fclose(file)
}
