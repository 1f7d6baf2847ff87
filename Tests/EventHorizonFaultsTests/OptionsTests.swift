import ServerSupport
import Testing

@testable import eventhorizon_faults

struct OptionsTests {
    private func problem(_ arguments: String...) -> String? {
        do {
            _ = try Options(arguments)
            return nil
        } catch { return "\(error)" }
    }

    @Test func every_kind_of_fault_is_injected_unless_kinds_are_named() throws {
        #expect(try Options([]).faults == Set(FaultKind.allCases))
        #expect(try Options(["--faults", "kill,network"]).faults == [.kill, .network])
        #expect(try Options(["--faults", "none"]).faults == [])
    }

    @Test(arguments: FaultKind.allCases) func help_names_the_kind(_ kind: FaultKind) {
        #expect(Options.help.contains(" \(kind.rawValue): "))
    }

    @Test func what_is_not_understood_is_named_with_what_would_be() {
        #expect(
            problem("--faults", "kill,lightning")
                == "--faults names 'lightning': expected some of kill,stop,server,members,network,answers,duplicates, or none")
        #expect(problem("--seconds", "0") == "--seconds is '0': expected a number from 1 to 86400")
        #expect(problem("--broker", "rabbit") == "--broker is 'rabbit': expected nats, kafka or memory")
        #expect(problem("--cluster", "2") == "--cluster is '2': expected a number from 3 to 5, or 1 for a single server")
        #expect(problem("--speed", "9") == "'--speed' is not known here: --help says what is")
        #expect(problem("fast") == "'fast' is not understood: --help says what is")
        #expect(problem("--seeds") == "'--seeds' is not understood: --help says what is")
    }

    @Test func what_does_not_go_together_is_named() {
        #expect(problem("--broker", "memory", "--cluster", "3") == "--cluster is 3 and --broker is memory: only nats-servers replicate here")
        #expect(
            problem("--broker", "memory", "--faults", "kill,server")
                == "--faults names kill,server, which need processes: with --broker memory it is some of members,answers,duplicates, or none")
        #expect(
            problem("--broker", "kafka", "--faults", "kill,network")
                == "--faults names network, which need a way to the server of our own: with --broker kafka it is some of "
                + "kill,stop,server,members,duplicates, or none")
    }

    @Test func each_broker_has_the_kinds_that_it_can_have() throws {
        #expect(try Options(["--broker", "kafka"]).faults == [.kill, .stop, .server, .members, .duplicates])
        #expect(try Options(["--broker", "memory"]).faults == [.members, .answers, .duplicates])
    }
}
