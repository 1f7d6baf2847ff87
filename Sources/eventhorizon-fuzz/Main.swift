import Glibc
import ServerSupport

@main struct Main {
    static func main() {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            var decoders = try ForeignDecoder.all()
            guard !options.isHelp else { return print(Options.help(decoders.map(\.name))) }
            let golden = try GoldenRecords(folder: options.golden, kinds: decoders.filter(\.samples.isEmpty).map(\.name))
            for index in decoders.indices { decoders[index].samples += golden.records[decoders[index].name] ?? [] }
            if let name = options.decoder {
                guard let decoder = decoders.first(where: { $0.name == name }) else {
                    throw SupportError("--decoder is '\(name)': expected one of \(decoders.map(\.name).joined(separator: ", "))")
                }
                decoders = [decoder]
            }
            var run = FuzzRun(options, decoders)
            guard let input = options.input else { return try run.run() }
            switch run.replay(input) {
            case .accepted: print("accepted")
            case .refused: print("refused")
            case .broken(let reason): throw SupportError(reason)
            }
        } catch {
            StandardError.write("eventhorizon-fuzz: \(error)")
            exit(1)
        }
    }
}
