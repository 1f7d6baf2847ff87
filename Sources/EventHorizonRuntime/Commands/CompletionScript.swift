/// A script for a shell that completes a program's commands and flags, made from their declarations.
struct CompletionScript: CustomStringConvertible {
    enum Shell: String, CaseIterable, CustomStringConvertible {
        case bash, zsh, fish
        var description: String { rawValue }
    }

    let shell: Shell
    let program: ClientProgram

    /// What may follow after some words, and is said of it.
    private struct Place {
        let words: String
        var next: [(word: String, sentence: String)]
    }

    private var places: [Place] {
        var places = [Place(words: "", next: [])]
        for (words, sentence) in program.list {
            let parts = words.split(separator: " ").map(String.init)
            for (index, part) in parts.enumerated() {
                let before = parts[..<index].joined(separator: " ")
                let place = places.firstIndex { $0.words == before } ?? places.count
                if place == places.count { places.append(Place(words: before, next: [])) }
                let said = index == parts.count - 1 ? sentence : "\(part) ..."
                if !places[place].next.contains(where: { $0.word == part }) { places[place].next.append((part, said)) }
            }
        }
        return places
    }

    private var declarations: [Declaration] {
        var found: [Declaration] = []
        for declaration in program.commands.flatMap(\.allKeys).map(\.declaration) where !found.contains(where: { $0.name == declaration.name }) {
            found.append(declaration)
        }
        return found
    }

    private var function: String { "_" + program.name.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined() }

    var description: String {
        let lines =
            switch shell {
            case .bash: bash
            case .zsh: zsh
            case .fish: fish
            }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: Shells

    /// The branches of a `case` over the word before, and over the words so far.
    private func branches(words offer: (String) -> String, files: String) -> (values: [String], places: [String]) {
        var values = declarations.filter { !$0.choices.isEmpty }.map { "        \($0.flag)) \(offer($0.choices.joined(separator: " "))) ; return ;;" }
        let paths = declarations.filter(\.isPath).map(\.flag)
        if !paths.isEmpty { values.append("        \(paths.joined(separator: "|"))) \(files) ; return ;;") }
        let free = declarations.filter { $0.choices.isEmpty && !$0.isPath && !$0.isSwitch }.map(\.flag)
        if !free.isEmpty { values.append("        \(free.joined(separator: "|"))) return ;;") }
        let words = places.map { "        \(Self.quoted($0.words))) \(offer($0.next.map(\.word).joined(separator: " "))) ;;" }
        let flags = program.commands.map { command in
            let names = command.allKeys.map(\.declaration.flag) + ["--help"]
            return "        \(Self.quoted(command.words))) \(offer(names.joined(separator: " "))) ;;"
        }
        return (values, words + flags)
    }

    private var bash: [String] {
        let (values, places) = branches(
            words: { "COMPREPLY=($(compgen -W '\($0)' -- \"$current\"))" }, files: "COMPREPLY=($(compgen -f -- \"$current\"))")
        return [
            "# eval \"$(\(program.name) completion bash)\"",
            "\(function)() {",
            "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words='' word",
            "    COMPREPLY=()",
            "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do",
            "        case $word in -*) break ;; esac",
            "        words+=\"${words:+ }$word\"",
            "    done",
            "    case $previous in",
        ] + values + ["    esac", "    case $words in"] + places + ["    esac", "}", "complete -F \(function) \(program.name)"]
    }

    private var zsh: [String] {
        let (values, places) = branches(words: { "compadd -- \($0)" }, files: "_files")
        return [
            "#compdef \(program.name)",
            "# source <(\(program.name) completion zsh)",
            "\(function)() {",
            "    local word previous=${words[CURRENT-1]}",
            "    local -a given",
            "    for word in ${words[2,CURRENT-1]}; do",
            "        [[ $word == -* ]] && break",
            "        given+=($word)",
            "    done",
            "    case $previous in",
        ] + values + ["    esac", "    case \"${given[*]}\" in"] + places + ["    esac", "}", "compdef \(function) \(program.name)"]
    }

    private var fish: [String] {
        var lines = [
            "# \(program.name) completion fish | source",
            "function _\(function)_at",
            "    set -l given",
            "    for word in (commandline -opc)[2..-1]",
            "        string match -q -- '-*' $word; and break",
            "        set -a given $word",
            "    end",
            "    test \"$given\" = \"$argv[1]\"",
            "end",
            "complete -c \(program.name) -f",
        ]
        func complete(at words: String, _ rest: String, _ sentence: String) {
            lines.append("complete -c \(program.name) -n \(Self.quoted("_\(function)_at \"\(words)\"")) \(rest) -d \(Self.quoted(sentence))")
        }
        for place in places { for next in place.next { complete(at: place.words, "-a \(next.word)", next.sentence) } }
        for command in program.commands {
            for key in command.allKeys.map(\.declaration) {
                let value =
                    if key.isSwitch { "" } else if key.isPath { " -r -F" } else if key.choices.isEmpty { " -x" } else {
                        " -x -a \(Self.quoted(key.choices.joined(separator: " ")))"
                    }
                complete(at: command.words, "-l \(key.name)\(value)", key.sentence)
            }
        }
        return lines
    }

    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}

extension Declaration {
    /// The values that there are, where they are few.
    fileprivate var choices: [String] { placeholder.contains("|") && !isSwitch ? placeholder.split(separator: "|").map(String.init) : [] }
    fileprivate var isPath: Bool { placeholder == ConfigurationType<String>.path.placeholder }
}
