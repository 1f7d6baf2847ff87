internal import EventHorizon
internal import EventHorizonBridge

/// A program with commands, apart from what only a process has.
struct ClientProgram {
    let name: String
    let version: String
    let commands: [ClientCommand]

    enum Action {
        case print(String)
        case run(ClientCommand, Configuration)
    }

    /// What the arguments, without the program's path, ask for.
    /// - Throws: `Misconfiguration` with a sentence for everything that is wrong.
    func action(arguments: [String], environment: [String: String]) throws(Misconfiguration) -> Action {
        let words = arguments.prefix { !$0.hasPrefix("-") }.joined(separator: " ")
        if let shell = CompletionScript.Shell.allCases.first(where: { words == "completion \($0)" }) {
            return .print(CompletionScript(shell: shell, program: self).description)
        }
        // What follows a command's words and is no flag is for the reader of flags to complain of.
        guard let command = commands.first(where: { "\(words) ".hasPrefix("\($0.words) ") }) else {
            let flags = arguments[words.split(separator: " ").count...]
            if flags.contains(where: { $0 == "--help" || $0 == "-h" }) {
                let listed = list.filter { words.isEmpty || $0.words == words || $0.words.hasPrefix(words + " ") }
                if !listed.isEmpty { return .print(HelpText(program: name, commands: listed).description) }
            }
            if flags.contains("--version") { return .print("\(name) \(version)\n") }
            throw Misconfiguration(problem(with: words))
        }
        let invocation = try Invocation(
            worker: name, application: nil, arguments: Array(arguments.dropFirst(command.words.split(separator: " ").count)),
            environment: environment,
            keys: command.allKeys, shared: Configuration.Shared(surroundings: .system))
        switch invocation {
        case .help: return .print(HelpText(program: name, command: command).description)
        case .version: return .print("\(name) \(version)\n")
        case .run(let configuration): return .run(command, configuration)
        }
    }

    /// All that can be written after the program's name.
    var list: [(words: String, sentence: String)] {
        commands.map { ($0.words, $0.sentence) }
            + CompletionScript.Shell.allCases.map { ("completion \($0)", "Prints a script that completes this program's commands in \($0).") }
    }

    private func problem(with words: String) -> String {
        let known = list.map(\.words)
        if words.isEmpty { return "no command is given: one of \(known.joined(separator: ", "))" }
        if known.contains(where: { $0.hasPrefix(words + " ") }) {
            return "'\(words)' wants another word: \(known.filter { $0.hasPrefix(words + " ") }.joined(separator: ", "))"
        }
        return "there is no command '\(words)'" + (Nearest(to: words, among: known).map { ": did you mean '\($0.name)'?" } ?? "")
    }
}
