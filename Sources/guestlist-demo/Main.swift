import ServerSupport

@main struct Main {
    static func main() async {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            switch options.verb {
            case .demo where options.broker == .memory: for line in try await OneProcess.demo(options) { print(line) }
            case .demo: for line in try await SeparateProcesses.demo(options) { print(line) }
            case .run: for line in try await Running.start(options) { print(line) }
            case .stop: for line in try await Running.stop() { print(line) }
            case .help: print(Options.help)
            }
        } catch {
            StandardError.write("guestlist-demo: \(error)")
            exitProgram(1)
        }
    }
}
