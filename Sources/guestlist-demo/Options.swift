import Glibc
import ServerSupport

/// What the program was asked to do.
struct Options {
    enum Verb: String { case demo, run, stop, help }
    enum Broker: Equatable {
        /// A server of our own, or the one that `NATS_URL` names.
        case nats
        /// A server of our own, or the one that `KAFKA_BOOTSTRAP_SERVERS` names.
        case kafka
        /// A broker's own address.
        case address(String)
        case memory
    }

    var verb = Verb.demo
    var broker = Broker.nats
    /// Of each kind; nil: one command handler, two projectors, one saga worker.
    var workers: Int?

    static let help = """
        guestlist-demo: the guest list from its first command to its read models.

        Usage: guestlist-demo [demo | run | stop] [--broker nats | kafka | memory | ADDRESS] [--workers N]

          demo        Starts a server and the workers, runs the scenario, prints what the read models hold, ends all that it started.
          run         Starts them and leaves them up; says their addresses, logs and pids. What it knows is in .run.
          stop        Ends what run has started and removes .run.

          --broker    nats: the server that NATS_URL names, else one started from NATS_SERVER, PATH or ../shared/servers. kafka: the one that
                      KAFKA_BOOTSTRAP_SERVERS names, else one started from KAFKA_HOME, PATH or ../shared/servers. memory: all in one process.
                      An address is nats://HOST:PORT or kafka://HOST:PORT. BROKER in the environment says the same.
          --workers   How many of each kind; one command handler, two projectors and one saga worker when it is not given. WORKERS says the same.
        """

    init(_ arguments: [String]) throws {
        if let text = Environment["BROKER"] { broker = try Self.broker(text, "BROKER") }
        if let text = Environment["WORKERS"] { workers = try Self.count(text, "WORKERS") }
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "--help", "-h": verb = .help
            case "--broker": broker = try Self.broker(Self.value(&rest, word), word)
            case "--workers": workers = try Self.count(Self.value(&rest, word), word)
            default:
                guard let known = Verb(rawValue: word) else { throw SupportError("'\(word)' is not known here: guestlist-demo --help says what is") }
                verb = known
            }
        }
    }

    private static func value(_ rest: inout ArraySlice<String>, _ flag: String) throws -> String {
        guard let value = rest.popFirst() else { throw SupportError("\(flag) has no value: guestlist-demo --help says which") }
        return value
    }

    private static func broker(_ text: String, _ from: String) throws -> Broker {
        switch text {
        case "nats": return .nats
        case "kafka": return .kafka
        case "memory": return .memory
        case _ where text.hasPrefix("nats://") || text.hasPrefix("kafka://"): return .address(text)
        default: throw SupportError("\(from) is '\(text)': expected nats, kafka, memory, nats://host:port or kafka://host:port")
        }
    }

    private static func count(_ text: String, _ from: String) throws -> Int {
        guard let count = Int(text), (1...16).contains(count) else { throw SupportError("\(from) is '\(text)': expected a number from 1 to 16") }
        return count
    }
}

func exitProgram(_ code: Int32) -> Never { exit(code) }
