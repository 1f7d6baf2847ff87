import EventHorizon

/// What is asked for on the command line.
struct Options {
    enum Role: String { case parent, publisher, handler, projector }
    var broker = "nats"
    var url = ""
    var commands = 100_000
    /// Commands before those that count.
    var warmUp = 0
    var partitions = Topology.defaultPartitionCount
    var aggregates = 1_000
    var payload = 200
    var rate = 0
    var runs = 3
    var format = "protobuf"
    var shared = 64
    var hasFloor = true
    /// What a child of the benchmark does, and where its rows lie.
    var role = Role.parent
    var folder = ""
    var application = "bench"

    static let help = """
        Measures the whole way of a command: publish, decide, append, project, commit.

        usage: eventhorizon-bench pipeline [options]

          --broker nats|kafka|memory
                                   nats, kafka: publisher and workers are processes of their own; memory: all in one [nats]
          --url URL                a running server; else one is started, as make demo does []
          --commands N             [100000]
          --warm-up N              commands before those, at the same rate: the clock starts when each of them has its row. Kafka's broker compiles
                                   what it runs often: it is three times as fast after some minutes [0]
          --partitions N           [\(Topology.defaultPartitionCount)]
          --aggregates A           [1000]
          --payload B              bytes of a command's payload and of its event's, at least 40 [200]
          --rate R                 commands a second, for latencies; 0: as fast as it goes [0]
          --runs N                 medians are printed [3]
          --format protobuf|json   of the payloads [protobuf]
          --shared N               how many commands of one aggregate share a commit at most; 1: none [64]
          --no-floor               leaves the bare loop out

        The last line is JSON. floor_per_second is a bare loop over libnats or librdkafka (in transactions) and SQLite that does the same work in the
        same run, in one process; ratio is commands_per_second divided by it.
        """

    init(_ arguments: [String]) throws {
        var arguments = arguments[...]
        if arguments.first == "pipeline" { arguments.removeFirst() }
        while let flag = arguments.popFirst() {
            if flag == "--no-floor" {
                hasFloor = false
                continue
            }
            guard let value = arguments.popFirst() else { throw Misconfiguration("\(flag) needs a value: see --help") }
            switch flag {
            case "--broker": broker = try Self.one(of: ["nats", "kafka", "memory"], value, flag)
            case "--url": url = value
            case "--commands": commands = try Self.number(value, flag, from: 1)
            case "--warm-up": warmUp = try Self.number(value, flag, from: 0)
            case "--partitions": partitions = try Self.number(value, flag, from: 1)
            case "--aggregates": aggregates = try Self.number(value, flag, from: 1)
            case "--payload": payload = try Self.number(value, flag, from: 40)
            case "--rate": rate = try Self.number(value, flag, from: 0)
            case "--runs": runs = try Self.number(value, flag, from: 1)
            case "--shared": shared = try Self.number(value, flag, from: 1)
            case "--format": format = try Self.one(of: ["protobuf", "json"], value, flag)
            case "--role": role = Role(rawValue: value) ?? .parent
            case "--application": application = value
            case "--folder": folder = value
            default: throw Misconfiguration("'\(flag)' is no option: see --help")
            }
        }
        if broker == "memory" { hasFloor = false }
    }

    /// To publish the warm-up alone; nil where there is none.
    var warmUpOnly: Options? {
        guard warmUp > 0 else { return nil }
        var options = self
        options.commands = warmUp
        return options
    }

    /// For a child in `role`.
    func arguments(for role: Role, url: String, folder: String) -> [String] {
        [
            "pipeline", "--role", role.rawValue, "--url", url, "--folder", folder, "--commands", "\(commands)", "--aggregates", "\(aggregates)",
            "--payload", "\(payload)", "--rate", "\(rate)", "--format", format, "--shared", "\(shared)", "--warm-up", "\(warmUp)",
            "--partitions", "\(partitions)",
        ]
    }

    private static func number(_ text: String, _ flag: String, from least: Int) throws -> Int {
        guard let number = Int(text), number >= least else { throw Misconfiguration("\(flag) is '\(text)': a number from \(least) on is expected") }
        return number
    }

    private static func one(of words: [String], _ text: String, _ flag: String) throws -> String {
        guard words.contains(text) else { throw Misconfiguration("\(flag) is '\(text)': one of \(words.joined(separator: ", ")) is expected") }
        return text
    }
}
