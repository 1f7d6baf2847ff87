import ServerSupport

/// The broker's server, which this program has started.
enum StartedServer {
    case nats(NATSServer)
    case kafka(KafkaServer)

    /// As `.run` and people call it.
    var name: String {
        switch self {
        case .nats: "nats-server"
        case .kafka: "kafka"
        }
    }

    static let names = ["nats-server", "kafka"]

    var url: String {
        switch self {
        case .nats(let server): server.url
        case .kafka(let server): server.url
        }
    }

    var pid: Int32 {
        switch self {
        case .nats(let server): server.pid
        case .kafka(let server): server.pid
        }
    }

    /// In the stage's folder.
    var log: String {
        switch self {
        case .nats: "nats-server.log"
        case .kafka: "kafka-server.log"
        }
    }

    func tail() -> String {
        switch self {
        case .nats(let server): server.tail()
        case .kafka(let server): server.tail()
        }
    }

    func stop() async {
        switch self {
        case .nats(let server): await server.stop()
        case .kafka(let server): await server.stop()
        }
    }
}
