import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonWorkers
import ServerSupport
import Testing

@testable import EventHorizonRuntime

/// A program with commands: what its arguments ask for, and what is made of its declarations.
@Suite struct ClientProgramTests {
    static let guest = ConfigurationKey<String>("guest", .text("NAME"), section: "Which", "The guest's name.")
    static let mood = ConfigurationKey<LogFormat>("mood", .choice, section: "Which", "The band's mood; it isn't everyone's.")
    let program = ClientProgram(
        name: "party", version: "1.2",
        commands: [
            ClientCommand("guests list", "Lists the guests.", keys: [mood]) { _ in },
            ClientCommand("guests greet", "Greets a guest.", keys: [guest, mood]) { _ in },
        ])

    private func action(_ arguments: String..., environment: [String: String] = [:]) throws -> ClientProgram.Action {
        try program.action(arguments: arguments, environment: environment)
    }

    private func printed(_ arguments: String...) throws -> String {
        guard case .print(let text) = try program.action(arguments: arguments, environment: [:]) else {
            throw Misconfiguration("nothing was printed")
        }
        return text
    }

    private func problems(_ arguments: String...) -> [String] {
        do {
            _ = try program.action(arguments: arguments, environment: [:])
            return []
        } catch { return error.problems }
    }

    @Test func a_command_reads_its_own_keys_and_those_that_reach_the_broker() throws {
        guard case .run(let command, let configuration) = try action("guests", "greet", "--guest", "Ada", "--application=bank", "--mood", "json")
        else {
            throw Misconfiguration("not asked to run")
        }
        #expect(command.words == "guests greet")
        #expect(try configuration.value(for: Self.guest) == "Ada")
        #expect(try configuration.value(for: Self.mood) == .json)
        let settings = try configuration.brokerSettings()
        #expect(settings.application == "bank" && !settings.createsApplication)
    }

    @Test func an_application_has_to_be_named() throws {
        guard case .run(_, let configuration) = try action("guests", "list") else { throw Misconfiguration("not asked to run") }
        let error = #expect(throws: Misconfiguration.self) { try configuration.brokerSettings() }
        #expect(error?.description.hasPrefix("--application is missing: set it, or EVENTHORIZON_APPLICATION") == true)
    }

    @Test func what_is_no_command_is_said_with_what_is() {
        #expect(problems() == ["no command is given: one of guests list, guests greet, completion bash, completion zsh, completion fish"])
        #expect(problems("guests") == ["'guests' wants another word: guests list, guests greet"])
        #expect(problems("guests", "gret") == ["there is no command 'guests gret': did you mean 'guests greet'?"])
        #expect(problems("guests", "list", "Ada").first?.hasPrefix("'Ada' is no flag") == true)
        #expect(problems("guests", "list", "--guest", "Ada") == ["there is no flag --guest"])
    }

    @Test func help_lists_commands_and_a_commands_help_its_keys() throws {
        let help = try printed("--help")
        #expect(help.hasPrefix("party: a tool of Event Horizon.\n\nUsage: party COMMAND [--key value | --key=value] ...\n"))
        #expect(
            help.contains(
                "\nCommands\n  guests list                 Lists the guests.\n  guests greet                Greets a guest.\n  completion bash  "))
        #expect(try !printed("guests", "-h").contains("completion"))
        let command = try printed("guests", "greet", "--help")
        #expect(command.hasPrefix("party guests greet: Greets a guest.\n\nUsage: party guests greet [--key value | --key=value] ...\n"))
        #expect(command.contains("\nWhich\n  --guest NAME                The guest's name.\n"))
        #expect(command.contains("  --broker ADDRESS ") && !command.contains("--partitions") && !command.contains("--lease-time"))
        #expect(try printed("--version") == "party 1.2\n" && printed("guests", "list", "--version") == "party 1.2\n")
    }

    @Test func bash_completes_commands_flags_and_values() async throws {
        func complete(_ words: String...) async throws -> [String] {
            let script = try printed("completion", "bash")
            let line = """
                \(script)
                COMP_WORDS=(party \(words.map { "'\($0)'" }.joined(separator: " "))); COMP_CWORD=\(words.count)
                _party; printf '%s\\n' "${COMPREPLY[@]}"
                """
            let shell = try ChildProcess("/bin/bash", ["-c", line], errors: .captured)
            #expect(try await shell.exit(within: .seconds(20)) == .exited(0))
            #expect(shell.standardError == "")
            return shell.standardOutput.split(separator: "\n").map(String.init)
        }
        #expect(try await complete("") == ["guests", "completion"])
        #expect(try await complete("guests", "") == ["list", "greet"])
        #expect(try await complete("completion", "f") == ["fish"])
        #expect(try await complete("guests", "greet", "--gu") == ["--guest"])
        #expect(try await complete("guests", "list", "--gu") == [])
        #expect(try await complete("guests", "greet", "--mood", "") == ["auto", "text", "json"])
        #expect(try await complete("guests", "greet", "--guest", "") == [])
        #expect(try await complete("guests", "greet", "--guest", "Ada", "--mo") == ["--mood"])
        #expect(try await complete("guests", "greet", "--tls-ca", "/etc/passw").contains("/etc/passwd"))
    }

    @Test func zsh_and_fish_are_given_the_same_words() throws {
        let zsh = try printed("completion", "zsh")
        #expect(zsh.hasPrefix("#compdef party\n") && zsh.hasSuffix("compdef _party party\n"))
        #expect(zsh.contains("        'guests') compadd -- list greet ;;\n"))
        #expect(zsh.contains("        --mood) compadd -- auto text json ; return ;;\n"))
        #expect(zsh.contains("        'guests list') compadd -- --mood --broker "))
        let fish = try printed("completion", "fish")
        #expect(fish.contains("complete -c party -n '__party_at \"guests\"' -a greet -d 'Greets a guest.'\n"))
        #expect(
            fish.contains(
                "complete -c party -n '__party_at \"guests greet\"' -l mood -x -a 'auto text json' -d 'The band'\\''s mood; it isn'\\''t everyone'\\''s.'\n"
            ))
        #expect(fish.contains(" -l tls-ca -r -F -d "))
        #expect(!fish.contains("\"guests list\"' -l guest"))
    }
}
