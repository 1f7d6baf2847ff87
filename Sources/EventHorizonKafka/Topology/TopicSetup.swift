#if Kafka
import EventHorizon

/// A topic as the application needs it, and the check of one that exists.
struct TopicSetup: Sendable {
    enum Use { case log(Log), replies, topology }
    var name: String
    var use: Use
    var partitionCount: Int
    /// Of a topic that is created.
    var replicas: Int

    static func all(_ names: Names, _ configuration: KafkaConfiguration) -> [TopicSetup] {
        func topic(_ name: String, _ use: Use, partitions: Int) -> TopicSetup {
            TopicSetup(name: name, use: use, partitionCount: partitions, replicas: configuration.replicas)
        }
        return Log.allCases.map { topic(names.topic($0), .log($0), partitions: configuration.partitionCount) } + [
            topic(names.replies, .replies, partitions: configuration.partitionCount), topic(names.topology, .topology, partitions: 1),
        ]
    }

    var creation: [(String, String)] {
        let copies = ("min.insync.replicas", replicas >= 3 ? "2" : "1")
        return switch use {
        case .log: [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1"), copies]
        // An answer is waited for by nobody after an hour.
        case .replies: [("cleanup.policy", "delete"), ("retention.ms", "3600000"), ("segment.ms", "3600000"), copies]
        case .topology: [("cleanup.policy", "compact"), copies]
        }
    }

    /// What a person has to mend in a topic that exists; nil where it will do.
    func problem(in settings: [String: String], replicas: Int) -> String? {
        func differs(_ setting: String, _ wanted: String, _ why: String) -> String {
            "the topic '\(name)' has \(setting)=\(settings[setting] ?? "") where \(wanted) is needed, because \(why): "
                + "mend it (kafka-configs.sh --alter --topic \(name) --add-config \(setting)=\(wanted)), or name another application"
        }
        switch use {
        case .log:
            if let policy = settings["cleanup.policy"], policy != "delete" {
                return differs("cleanup.policy", "delete", "compaction would remove what nobody has read")
            }
            for limit in ["retention.ms", "retention.bytes"] {
                if let value = settings[limit], value != "-1" { return differs(limit, "-1", "any limit drops what nobody has read") }
            }
        case .replies:
            if let policy = settings["cleanup.policy"], policy.contains("compact") {
                return differs("cleanup.policy", "delete", "answers of one request would hide those of others")
            }
        case .topology:
            if let policy = settings["cleanup.policy"], policy != "compact" {
                return differs("cleanup.policy", "compact", "the record of the application would go with its age")
            }
        }
        if let minimum = settings["min.insync.replicas"].flatMap({ Int($0) }), minimum > replicas {
            return differs("min.insync.replicas", "\(replicas)", "with \(replicas) replicas nothing can ever be written")
        }
        return nil
    }

    /// What may cost records that were acknowledged.
    enum Danger: Hashable {
        case uncleanElection
        case replicas(Int)
        case insync(Int, replicas: Int)

        func sentence(of topics: [String]) -> String {
            let names = topics.map { "'\($0)'" }.joined(separator: ", ")
            return switch self {
            case .uncleanElection:
                "unclean.leader.election.enable=true for \(names): a broker that lacks acknowledged records may become the leader, so set it to false"
            case .replicas(let count):
                "\(count) replica of \(names): what its broker's disk loses is lost, so have 3 replicas and min.insync.replicas=2"
            case .insync(let minimum, let replicas):
                "min.insync.replicas=\(minimum) with \(replicas) replicas for \(names): a record may be acknowledged that one broker alone has, so set it to 2"
            }
        }
    }

    /// The worst of what is dangerous about a topic; nil where nothing is.
    func danger(in settings: [String: String], replicas: Int) -> Danger? {
        if case .replies = use { return nil }
        let minimum = settings["min.insync.replicas"].flatMap { Int($0) } ?? 1
        if settings["unclean.leader.election.enable"] == "true" { return .uncleanElection }
        if replicas < 2 { return .replicas(replicas) }
        return minimum < 2 ? .insync(minimum, replicas: replicas) : nil
    }
}
#endif
