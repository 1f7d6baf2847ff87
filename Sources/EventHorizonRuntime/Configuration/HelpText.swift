/// What `--help` prints, made from the keys' declarations; no line is longer than 100 columns unless a word is.
struct HelpText: CustomStringConvertible {
    let program: String
    let keys: [any ConfigurationDeclaration]
    private let head: String
    private let usage: String
    private let ending: String
    private var commands: [(words: String, sentence: String)] = []

    init(worker: String, keys: [any ConfigurationDeclaration]) {
        program = worker
        self.keys = keys
        head = "\(worker): a worker of Event Horizon."
        usage = "[--key value | --key=value] ..."
        ending =
            "SIGTERM or SIGINT drains the worker: it settles what is in hand, releases its partitions and exits with 0. "
            + "A second signal ends it at once. "
    }

    init(client: String, keys: [any ConfigurationDeclaration]) {
        program = client
        self.keys = keys
        head = "\(client): a client of Event Horizon."
        usage = "[--key value | --key=value] ..."
        ending = ""
    }

    init(program: String, command: ClientCommand) {
        self.program = program
        keys = command.allKeys
        head = "\(program) \(command.words): \(command.sentence)"
        usage = "\(command.words) [--key value | --key=value] ..."
        ending = ""
    }

    /// The commands of a program, without their keys.
    init(program: String, commands: [(words: String, sentence: String)]) {
        self.program = program
        keys = []
        head = "\(program): a tool of Event Horizon."
        usage = "COMMAND [--key value | --key=value] ..."
        ending = "Each command lists its own keys: \(program) COMMAND --help. "
        self.commands = commands
    }

    private static let width = 100
    private static let column = 30

    var description: String {
        var lines = [
            head, "",
            "Usage: \(program) \(usage)", "",
        ]
        lines += Self.wrapped(
            "Every key can be given as an environment variable too, whose name stands below it. A flag wins over a variable; an empty variable "
                + "counts as not given. \(ending)Exit status 78 says that something here has to be changed.",
            indent: 0)
        if !commands.isEmpty {
            lines += ["", "Commands"]
            for command in commands { lines += Self.entry(command.words, [command.sentence]) }
        }
        let declarations = keys.map(\.declaration)
        var sections: [String] = []
        for declaration in declarations where !sections.contains(declaration.section) { sections.append(declaration.section) }
        for section in sections {
            lines += ["", section]
            for declaration in declarations where declaration.section == section { lines += Self.entry(declaration) }
        }
        lines += ["", "Others"]
        lines += Self.entry("--help", ["Print this and exit."])
        lines += Self.entry("--version", ["Print the program's version and exit."])
        return lines.joined(separator: "\n") + "\n"
    }

    private static func entry(_ declaration: Declaration) -> [String] {
        let value = declaration.isSwitch ? "[\(declaration.placeholder)]" : declaration.placeholder
        var notes = declaration.environmentName
        if let fallback = declaration.fallback { notes += ", default \(fallback)" }
        if declaration.isSecret { notes += ", never shown" }
        return entry("\(declaration.flag) \(value)", [declaration.sentence, notes])
    }

    private static func entry(_ flag: String, _ paragraphs: [String]) -> [String] {
        var lines = paragraphs.flatMap { wrapped($0, indent: column) }
        let head = "  " + flag
        if head.count < column - 1 {
            lines[0] = head + lines[0].dropFirst(head.count)
        } else {
            lines.insert(head, at: 0)
        }
        return lines
    }

    private static func wrapped(_ text: String, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = margin
        for word in text.split(separator: " ") {
            if line.count > indent, line.count + 1 + word.count > width {
                lines.append(line)
                line = margin
            }
            line += line.count > indent ? " \(word)" : word
        }
        return lines + [line]
    }
}
