internal import EventHorizon

/// What a program was started for.
enum Invocation {
    case help, version
    case run(Configuration)

    /// Reads flags and environment: a flag wins over a variable, a variable over the default, the last of two equal flags counts, and an
    /// empty variable counts as not given.
    ///
    /// Flags are `--key value`, `--key=value`; a switch may stand alone. `arguments` are without the program's path.
    /// - Throws: `Misconfiguration` with a sentence for everything that is wrong, not the first thing alone.
    init(
        worker: String, application: String?, arguments: [String], environment: [String: String], keys: [any ConfigurationDeclaration],
        shared: Configuration.Shared
    ) throws(Misconfiguration) {
        if arguments.contains(where: { $0 == "--help" || $0 == "-h" }) {
            self = .help
            return
        }
        if arguments.contains("--version") {
            self = .version
            return
        }
        let declarations = keys.map(\.declaration)
        var byFlag: [String: Declaration] = [:]
        for declaration in declarations {
            guard byFlag.updateValue(declaration, forKey: declaration.flag) == nil else {
                throw Misconfiguration("the program declares the key '\(declaration.name)' twice: rename its own")
            }
        }
        var problems: [String] = []
        var values: [String: String] = [:]

        for declaration in declarations {
            guard let text = environment[declaration.environmentName], !text.isEmpty else { continue }
            // A flag overrides a wrong variable too, so the problem is said below, of what counts.
            values[declaration.name] = text
        }
        var flagged: Set<String> = []
        var index = 0
        /// Whether what stands here may be a part of a secret, and is not repeated.
        var isNearSecret = false
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            guard argument.hasPrefix("--") else {
                problems.append(
                    isNearSecret ? "argument \(index) is no flag" : "'\(argument)' is no flag: flags are written --key value or --key=value")
                continue
            }
            let (flag, attached) = Self.split(argument)
            guard let declaration = byFlag[flag] else {
                let nearest = Nearest(to: flag, among: byFlag.keys)?.name
                problems.append("there is no flag \(flag)" + (nearest.map { ": did you mean \($0)?" } ?? ""))
                if attached == nil, index < arguments.count, !arguments[index].hasPrefix("--") { index += 1 }
                isNearSecret = true
                continue
            }
            isNearSecret = declaration.isSecret
            flagged.insert(declaration.name)
            if let attached {
                values[declaration.name] = attached
            } else if declaration.isSwitch {
                if index < arguments.count, declaration.accepts(arguments[index]) {
                    values[declaration.name] = arguments[index]
                    index += 1
                } else {
                    values[declaration.name] = "on"
                }
            } else if index < arguments.count, !arguments[index].hasPrefix("--") {
                values[declaration.name] = arguments[index]
                index += 1
            } else {
                problems.append("\(flag) has no value: expected \(declaration.expectation)")
                values[declaration.name] = nil
            }
        }
        for declaration in declarations {
            guard let text = values[declaration.name] else { continue }
            let given = flagged.contains(declaration.name) ? declaration.flag : declaration.environmentName
            if let problem = declaration.problem(with: text, given: given) { problems.append(problem) }
        }
        guard problems.isEmpty else { throw Misconfiguration(problems) }
        self = .run(Configuration(worker: worker, application: application, values: values, declared: Set(declarations.map(\.name)), shared: shared))
    }

    private static func split(_ argument: String) -> (flag: String, value: String?) {
        guard let sign = argument.firstIndex(of: "=") else { return (argument, nil) }
        return (String(argument[..<sign]), String(argument[argument.index(after: sign)...]))
    }

    /// Variables that look like a misspelt key: they are not wrong, since other programs share the environment, but worth a line.
    static func doubtfulVariables(_ environment: [String: String], keys: [any ConfigurationDeclaration]) -> [(name: String, meant: String)] {
        let known = Set(keys.map(\.declaration.environmentName))
        return environment.keys.sorted().compactMap { name in
            guard name.hasPrefix("EVENTHORIZON_"), !known.contains(name), name != EnvironmentFailpoints.variable,
                let nearest = Nearest(to: name, among: known), nearest.distance <= 2
            else { return nil }
            return (name, nearest.name)
        }
    }
}
