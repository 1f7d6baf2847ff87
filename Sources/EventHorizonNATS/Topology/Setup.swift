#if NATS
import EventHorizon
import EventHorizonBridge
import EventHorizonWire

/// What is known of the server and the application after the first use.
struct Ready: Sendable {
    var control: Link
    var requests: Requests
    var names: Names
    var server: ServerInfo
    var partitionCount: Int
    var incarnations: [Log: UInt64]
    /// The largest record that fits into every log with its headers, in bytes.
    var maximumRecordSize: Int
    /// The server's limit for headers and body together, in bytes.
    var maximumPayload: Int
    /// Whether the events stream has more than one replica.
    var isReplicated: Bool

    func incarnation(_ log: Log) -> UInt64 { incarnations[log] ?? 0 }
}

/// Connects, and creates or checks streams and topology.
struct Setup {
    let configuration: NATSConfiguration
    let connector: Connector
    let clock: any WorkerClock

    func run() async throws -> Ready {
        let names = try Names(application: configuration.application)
        guard (1...1024).contains(configuration.partitionCount) else {
            throw Misconfiguration("\(configuration.partitionCount) partitions are not possible: use 1 to 1024")
        }
        let control = try await connector.connect(.short)
        do {
            return try await run(names, control)
        } catch {
            await control.close()
            throw error
        }
    }

    private func run(_ names: Names, _ control: Link) async throws -> Ready {
        let address = control.connectedAddress
        let server = try await serverInfo(address)
        guard server.hasJetStream else {
            throw Misconfiguration(
                "the NATS server at \(ServerAddress.redacted(address)) runs without JetStream: start it with `-js`, or add `jetstream {}` to its configuration"
            )
        }
        let requests = try Requests(link: control)
        var incarnations: [Log: UInt64] = [:]
        var maximumSize = control.maximumPayload
        var isReplicated = false
        for (log, stream) in StreamSetup.all(names) {
            let info = try await ensure(stream, requests, server)
            guard let config = info["config"], let created = info["created"]?.string.flatMap(RFC3339.nanoseconds) else {
                throw BrokerError(.protocolViolation, "the server describes the stream '\(stream.name)' in a way that this build does not understand")
            }
            if let problem = stream.problem(in: config) { throw Misconfiguration(problem) }
            let replicas = config["num_replicas"]?.integer ?? 1
            if replicas > 1, !server.version.hasSafeReplication, !configuration.allowUnsafeReplication {
                throw Misconfiguration(
                    "the stream '\(stream.name)' has \(replicas) replicas on a server of version \(server.version), whose conditional append lets two writers win: "
                        + "use version 2.12.14, 2.14.4 or newer, or one replica")
            }
            if log == .events { isReplicated = replicas > 1 }
            if let limit = config["max_msg_size"]?.integer, limit > 0 { maximumSize = min(maximumSize, Int(limit)) }
            if let log { incarnations[log] = created }
        }
        let topology = TopologyStore(requests: requests, names: names, clock: clock)
        let recorded = try await topology.create(Topology(partitionCount: configuration.partitionCount, incarnations: incarnations))
        guard recorded.partitionCount == configuration.partitionCount || !configuration.createsApplication else {
            throw Misconfiguration(
                "application '\(configuration.application)' was created with \(recorded.partitionCount) partitions and this worker wants "
                    + "\(configuration.partitionCount): the count cannot change, so set it to \(recorded.partitionCount)")
        }
        for log in Log.allCases where recorded.incarnations[log] != incarnations[log] {
            throw Misconfiguration(
                "the stream '\(names.stream(log))' was created anew after application '\(configuration.application)' was recorded, so recorded positions do not "
                    + "count in it: restore the stream from a backup, or delete the bucket '\(names.bucketStream)' to begin again")
        }
        // Subject, headers and the server's own words travel with a record.
        return Ready(
            control: control, requests: requests, names: names, server: server, partitionCount: recorded.partitionCount, incarnations: incarnations,
            maximumRecordSize: max(1, maximumSize - 8_192), maximumPayload: control.maximumPayload, isReplicated: isReplicated)
    }

    /// The way to the server may be cut right after it let us in: that is waited out as before.
    func serverInfo(_ address: String) async throws -> ServerInfo {
        let deadline = MonotonicTime.now &+ UInt64(max(0, configuration.connectDeadline.nanoseconds))
        while true {
            do {
                return try await ForeignThread.run { try ServerInfo.read(from: address) }
            } catch let error as BrokerError where error.isRetriable && MonotonicTime.now < deadline {
                await clock.sleep(until: clock.now + .milliseconds(200))
                if Task.isCancelled { throw BrokerError(.cancelled, "setting up NATS was cancelled") }
            }
        }
    }

    private func ensure(_ stream: StreamSetup, _ requests: Requests, _ server: ServerInfo) async throws -> JSONValue {
        var creates = false
        var hasOverlapped = false
        let deadline = MonotonicTime.now &+ UInt64(max(0, configuration.connectDeadline.nanoseconds))
        var problem = "no answer"
        while true {
            let answer =
                creates
                ? await requests.request("$JS.API.STREAM.CREATE.\(stream.name)", stream.creation(configuration))
                : await requests.request("$JS.API.STREAM.INFO.\(stream.name)")
            switch answer {
            case .body(let body):
                let error = body.withUnsafeBytes { APIError(in: $0) }
                guard let error else {
                    guard let info = JSONValue(body) else {
                        throw BrokerError(.protocolViolation, "the server's description of the stream '\(stream.name)' is no JSON")
                    }
                    // While somebody else is creating it, a stream is described with the year 1 as its time of creation.
                    if info["created"]?.string.flatMap(RFC3339.nanoseconds) != nil { return info }
                    problem = "the server describes it without its time of creation"
                    break
                }
                problem = error.description
                switch error.errorCode {
                case APIError.streamNotFound where !configuration.createsApplication:
                    throw Misconfiguration(
                        "there is no application '\(configuration.application)' on this NATS server, which has no stream '\(stream.name)': mend --application "
                            + "or --broker, or start a worker of it first")
                case APIError.streamNotFound:
                    creates = true
                    continue
                case APIError.streamNameInUse:
                    creates = false
                    continue
                case APIError.subjectsOverlap where !hasOverlapped:
                    // The server looks for the name first and for the subjects later: a stream that somebody else creates in between overlaps with itself.
                    hasOverlapped = true
                    creates = false
                    continue
                case APIError.subjectsOverlap:
                    throw Misconfiguration(
                        "another stream of the server's takes subjects like '\(stream.subjects)' of the stream '\(stream.name)' (\(error)): name another "
                            + "application, or mend that stream")
                case APIError.jetStreamNotEnabled, APIError.jetStreamNotEnabledForAccount:
                    throw Misconfiguration("JetStream is not enabled for this account (\(error)): enable it in the server's configuration")
                default:
                    if (400..<500).contains(error.code) || (creates && error.code == 500) {
                        throw Misconfiguration(
                            "the stream '\(stream.name)' cannot be \(creates ? "created" : "read") (\(error)): mend the server's limits, or the number of replicas "
                                + "(\(configuration.replicas))")
                    }
                }
            case .noResponders: problem = "JetStream does not answer"
            case .none: problem = "no answer"
            }
            if MonotonicTime.now > deadline {
                throw Misconfiguration(
                    "the stream '\(stream.name)' cannot be set up (\(problem)): look at the NATS server's health and its JetStream")
            }
            await clock.sleep(until: clock.now + .milliseconds(200))
            if Task.isCancelled { throw BrokerError(.cancelled, "setting up NATS was cancelled") }
        }
    }
}
#endif
