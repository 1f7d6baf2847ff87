#if NATS
import EventHorizon

/// The request for an ephemeral pull consumer without acknowledgements.
enum ConsumerRequest {
    enum Start {
        case after(Position)
        /// The last message of each subject, then what follows.
        case lastPerSubject
    }

    static func subject(stream: String) -> String { "$JS.API.CONSUMER.CREATE.\(stream)" }
    static func deletion(stream: String, consumer: String) -> String { "$JS.API.CONSUMER.DELETE.\(stream).\(consumer)" }
    static func next(stream: String, consumer: String) -> String { "$JS.API.CONSUMER.MSG.NEXT.\(stream).\(consumer)" }

    static func body(stream: String, filter: String, start: Start) -> String {
        let policy =
            switch start {
            case .after(let position): "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":\(position.rawValue + 1)"
            case .lastPerSubject: "\"deliver_policy\":\"last_per_subject\""
            }
        return """
            {"stream_name":\(JSONValue.quoted(stream)),"config":{"ack_policy":"none",\(policy),"filter_subject":\(JSONValue.quoted(filter)),\
            "replay_policy":"instant","inactive_threshold":\(PullReader.expiry * 2),"mem_storage":true,"num_replicas":1}}
            """
    }

    /// Asks for what is there now: nothing comes later.
    static func bodyOfNow(_ ask: PullReader.Ask) -> String { "{\"batch\":\(ask.batch),\"no_wait\":true,\"max_bytes\":\(ask.bytes)}" }

    static func body(_ ask: PullReader.Ask) -> String {
        "{\"batch\":\(ask.batch),\"expires\":\(PullReader.expiry),\"idle_heartbeat\":\(PullReader.heartbeat),\"max_bytes\":\(ask.bytes)}"
    }
}
#endif
