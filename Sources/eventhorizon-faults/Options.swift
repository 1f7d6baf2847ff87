import ServerSupport

/// What the program was asked to do.
struct Options {
    var seeds = 1
    var firstSeed: UInt64 = 1
    var length = Duration.seconds(60)
    var faults = Set(FaultKind.allCases)
    /// Commands a second.
    var rate = 200
    /// Guests at once.
    var guests = 500
    var lease = Duration.seconds(2)
    var isHelp = false

    static let help = """
        eventhorizon-faults: breaks what runs, by seed, and checks afterwards what was promised.

        Starts a nats-server and workers of the guest list as processes of their own, sends commands at a steady rate, kills, stops and restarts
        servers and workers meanwhile, waits until all is at rest, then reads the logs and the read models by a path of its own and checks them.

        Usage: eventhorizon-faults [--seeds N] [--seed FIRST] [--seconds N] [--faults KINDS] [--broker nats] [--rate N] [--guests N] [--lease MS]

          --seeds     How many runs, one seed each. 1 when it is not given.
          --seed      The first run's seed. 1 when it is not given.
          --seconds   How long each run injects faults. 60 when it is not given.
          --faults    Which kinds, separated by commas: \(FaultKind.allCases.map(\.rawValue).joined(separator: ", ")), or none.
                      All when it is not given.
                      kill: workers killed with -9, at random and at named steps. stop: workers stopped past their lease and continued.
                      server: the server killed with -9 and restarted, or stopped and continued. members: workers that join and leave in order.
          --broker    nats, the only one so far.
          --rate      Commands a second. 200 when it is not given.
          --guests    How many guests are live at once. 500 when it is not given.
          --lease     The workers' lease time in milliseconds. 2000 when it is not given.

        A nats-server is found in NATS_SERVER, PATH or ../shared/servers. Exit codes: 0 nothing was violated; 1 something was, with its seed.
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word == "--help" || word == "-h" {
                isHelp = true
                return
            }
            guard word.hasPrefix("--"), let value = rest.popFirst() else { throw SupportError("'\(word)' is not understood: --help says what is") }
            switch word {
            case "--seeds": seeds = try Self.number(value, word, in: 1...100_000)
            case "--seed": firstSeed = UInt64(try Self.number(value, word, in: 0...Int.max))
            case "--seconds": length = .seconds(try Self.number(value, word, in: 1...86_400))
            case "--rate": rate = try Self.number(value, word, in: 1...100_000)
            case "--guests": guests = try Self.number(value, word, in: 10...100_000)
            case "--lease": lease = .milliseconds(try Self.number(value, word, in: 500...300_000))
            case "--broker":
                guard value == "nats" else { throw SupportError("--broker is '\(value)': fault runs need processes and a server, so it is nats") }
            case "--faults":
                faults =
                    try value == "none"
                    ? []
                    : Set(
                        value.split(separator: ",").map { name in
                            guard let kind = FaultKind(rawValue: String(name)) else {
                                throw SupportError(
                                    "--faults names '\(name)': expected some of \(FaultKind.allCases.map(\.rawValue).joined(separator: ",")), or none"
                                )
                            }
                            return kind
                        })
            default: throw SupportError("'\(word)' is not known here: --help says what is")
            }
        }
    }

    private static func number(_ text: String, _ flag: String, in range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw SupportError("\(flag) is '\(text)': expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
