import Glibc
import ServerSupport

@main struct Main {
    static func main() async {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            guard !options.isHelp else { return print(Options.help) }
            var violated: [UInt64] = []
            for seed in options.firstSeed..<options.firstSeed + UInt64(options.seeds) {
                let isFine =
                    switch options.broker {
                    case .nats, .kafka: try await FaultRun(seed: seed, options: options).run()
                    case .memory: try await MemoryRun(seed: seed, options: options).run()
                    }
                if !isFine { violated.append(seed) }
            }
            let seeds = violated.map(String.init).joined(separator: ", ")
            print(violated.isEmpty ? "nothing was violated in \(options.seeds) runs" : "violated with seed \(seeds)")
            exit(violated.isEmpty ? 0 : 1)
        } catch {
            StandardError.write("eventhorizon-faults: \(error)")
            exit(1)
        }
    }
}
