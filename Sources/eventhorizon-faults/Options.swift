import ServerSupport

/// What the program was asked to do.
struct Options {
    var seeds = 1
    var firstSeed: UInt64 = 1
    var length = Duration.seconds(60)
    var faults = Set(FaultKind.allCases)
    /// Commands a second, what is asked for; nil: as many as the broker's transactions leave room for in a debug build.
    private var askedRate: Int?
    var rate: Int { askedRate ?? (broker == .kafka ? 100 : 200) }
    /// Guests at once.
    var guests = 500
    var lease = Duration.seconds(2)
    /// How long the broker recognises what is published again.
    var duplicateWindow = Duration.seconds(2)
    enum Broker: String, CaseIterable { case nats, kafka, memory }
    var broker = Broker.nats
    /// From one join or leave of a worker to the next; nil: some seconds.
    var pace: Duration?
    /// How many servers replicate the logs.
    var nodes = 1
    var isHelp = false

    static let help = """
        eventhorizon-faults: breaks what runs, by seed, and checks afterwards what was promised.

        Starts a nats-server, or a Kafka, and workers of the guest list as processes of their own, sends commands at a steady rate, kills, stops and restarts
        servers and workers meanwhile, waits until all is at rest, then reads the logs and the read models by a path of its own and checks them.

        Usage: eventhorizon-faults [--seeds N] [--seed FIRST] [--seconds N] [--faults KINDS] [--broker nats|kafka|memory]
                                   [--cluster N] [--rate N] [--guests N] [--lease MS] [--window MS] [--pace MS]

          --seeds     How many runs, one seed each. 1 when it is not given.
          --seed      The first run's seed. 1 when it is not given.
          --seconds   How long each run injects faults. 60 when it is not given. From 40 on, 14 of them in the middle are quiet.
          --faults    Which kinds, separated by commas: \(FaultKind.names(FaultKind.allCases)); or none.
                      All when it is not given.
                      kill: workers killed with -9, at random and at named steps; at least 20 of each kind of worker a minute.
                      stop: workers stopped past their lease and continued.
                      server: the server killed with -9 and restarted, or stopped and continued; of a cluster, the leader of a log killed every 10 s.
                      members: workers that join and leave in order.
                      network: the way between workers or clients and the server cut, cut one way, refused, reset, slowed, narrowed.
                      answers: what the server answers is lost on its way, to one, or to all and then the server is killed.
                      duplicates: clients repeat commands, and stored records are published again, within the broker's window and beyond it; on Kafka,
                      which has no such window, also to a partition that is not theirs.
          --broker    nats, or kafka: all but network and answers; a worker's lease is its session in the group. Or memory: broker, clients and workers in
                      one process, with the faults that need no other (members, answers, duplicates). nats when it is not given.
          --cluster   How many servers replicate the logs, of the newest version that there is. 1, a single server, when it is not given.
          --rate      Commands a second. 200 when it is not given, on Kafka 100.
          --guests    How many guests are live at once. 500 when it is not given.
          --lease     The workers' lease time in milliseconds. 2000 when it is not given.
          --window    How long the broker recognises a message that is published again, in milliseconds. 2000 when it is not given.
          --pace      Every so many milliseconds a worker joins or leaves. Some time from 2 to 4 seconds when it is not given.

        A nats-server is found in NATS_SERVER, PATH or ../shared/servers, the newest in NATS_SERVER_NEWEST or ../shared/servers, a toxiproxy-server, which
        network and answers need, in TOXIPROXY_SERVER, PATH or ../shared/servers; a Kafka in KAFKA_HOME, PATH or ../shared/servers. Exit codes: 0 nothing was violated; 1 something was, with its seed.
        """

    init(_ arguments: [String]) throws {
        var areNamed = false
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
            case "--rate": askedRate = try Self.number(value, word, in: 1...100_000)
            case "--guests": guests = try Self.number(value, word, in: 10...100_000)
            case "--lease": lease = .milliseconds(try Self.number(value, word, in: 500...300_000))
            case "--window": duplicateWindow = .milliseconds(try Self.number(value, word, in: 100...300_000))
            case "--pace": pace = .milliseconds(try Self.number(value, word, in: 100...60_000))
            case "--broker":
                guard let named = Broker(rawValue: value) else { throw SupportError("--broker is '\(value)': expected nats, kafka or memory") }
                broker = named
            case "--cluster":
                guard let number = Int(value), number == 1 || (3...5).contains(number) else {
                    throw SupportError("--cluster is '\(value)': expected a number from 3 to 5, or 1 for a single server")
                }
                nodes = number
            case "--faults":
                areNamed = true
                faults =
                    try value == "none"
                    ? []
                    : Set(
                        value.split(separator: ",").map { name in
                            guard let kind = FaultKind(rawValue: String(name)) else {
                                throw SupportError(
                                    "--faults names '\(name)': expected some of \(FaultKind.names(FaultKind.allCases)), or none"
                                )
                            }
                            return kind
                        })
            default: throw SupportError("'\(word)' is not known here: --help says what is")
            }
        }
        if broker != .nats, nodes > 1 { throw SupportError("--cluster is \(nodes) and --broker is \(broker): only nats-servers replicate here") }
        let (possible, need): ([FaultKind], String) =
            switch broker {
            case .nats: (FaultKind.allCases, "")
            // Kafka's clients go where the broker says that it is, not where they were sent: past whatever stands between.
            case .kafka: (FaultKind.allCases.filter { !$0.needsToxiproxy }, "need a way to the server of our own")
            case .memory: (FaultKind.allCases.filter { !$0.needsProcesses }, "need processes")
            }
        let others = FaultKind.allCases.filter { faults.contains($0) && !possible.contains($0) }
        if areNamed, !others.isEmpty {
            throw SupportError(
                "--faults names \(FaultKind.names(others)), which \(need): with --broker \(broker) it is some of \(FaultKind.names(possible)), or none"
            )
        }
        faults.formIntersection(possible)
    }

    private static func number(_ text: String, _ flag: String, in range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw SupportError("\(flag) is '\(text)': expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
