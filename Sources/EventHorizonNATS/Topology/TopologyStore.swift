#if NATS
import EventHorizon
import EventHorizonWire

/// The topology record, changed by compare-and-set.
struct TopologyStore: Sendable {
    let requests: Requests
    let names: Names
    let clock: any WorkerClock
    /// A stream without a leader answers nothing: it is asked again before long.
    private static let patience = Duration.seconds(2)

    /// Records a new application; gives what is recorded already where there is one.
    func create(_ topology: Topology) async throws -> Topology {
        try await change { recorded in recorded ?? topology }
    }

    /// Records a group. Another store than the recorded one takes its place if no member of the group lives, which is waited for.
    /// - Parameter lease: In nanoseconds: a member that does not renew its presence for this long counts as gone.
    /// - Throws: `Misconfiguration` where it contradicts what is recorded.
    func record(_ group: GroupDeclaration, lease: UInt64) async throws {
        var other: String?
        do {
            try await record(group, replacing: nil, other: &other)
        } catch let problem as Misconfiguration {
            guard let other else { throw problem }
            let presences = Presences(requests: requests, names: names, group: group.name, clock: clock)
            guard try await presences.areGone(within: lease) else { throw problem }
            // If somebody else was faster, the record names another store by now, and this one is refused.
            var ignored: String?
            try await record(group, replacing: other, other: &ignored)
        }
    }

    private func record(_ group: GroupDeclaration, replacing store: String?, other: inout String?) async throws {
        var found: String?
        defer { other = found }
        _ = try await change { recorded in
            guard var recorded else {
                throw Misconfiguration(
                    "application '\(names.application)' has lost its topology record: restore the bucket '\(names.bucketStream)' from a backup")
            }
            found = recorded.otherStore(of: group)
            _ = try recorded.record(group, replacingStore: store)
            return recorded
        }
    }

    private func change(_ body: (Topology?) throws -> Topology) async throws -> Topology {
        var failures = 0
        while failures < 100 {
            // The stream's leader may just be elected, which takes seconds; the first refusal is somebody else's write.
            if failures > 1 { await clock.sleep(until: clock.now + .milliseconds(min(failures * 50, 500))) }
            if Task.isCancelled { throw BrokerError(.cancelled, "recording the topology was cancelled") }
            guard let (recorded, revision) = try await read() else {
                failures += 1
                continue
            }
            let wanted = try body(recorded)
            if wanted == recorded { return wanted }
            var block: [UInt8] = []
            HeaderBlock.begin(&block)
            HeaderBlock.line("Nats-Expected-Last-Subject-Sequence", &block) { $0.append(decimal: revision) }
            HeaderBlock.end(&block)
            let headers = block.count
            block += WireCodec().encode(wanted)
            // Stored, refused or unknown: what is recorded now says which.
            _ = await requests.request(names.topologyKey, block: block, headers: headers, within: Self.patience)
            failures += 1
        }
        throw BrokerError(.unavailable, "the topology record of '\(names.application)' could not be written in 100 attempts", isRetriable: true)
    }

    /// The record and its revision; nil inside where there is none, nil outside where the server did not answer.
    private func read() async throws -> (Topology?, UInt64)? {
        let body = "{\"last_by_subj\":\(JSONValue.quoted(names.topologyKey))}"
        switch await requests.request("$JS.API.STREAM.MSG.GET.\(names.bucketStream)", body, within: Self.patience) {
        case .body(let body):
            return try body.withUnsafeBytes { body in
                switch StoredMessage.read(body) {
                case .message(let message):
                    do {
                        return (try message.data.withUnsafeBytes { try WireCodec().decodeTopology($0) }, message.sequence)
                    } catch {
                        throw Misconfiguration(
                            "the topology record of '\(names.application)' cannot be read (\(error)): deploy a newer build, or restore the bucket '\(names.bucketStream)'"
                        )
                    }
                case .nothing: return (nil, 0)
                case .failed, .unreadable: return nil
                }
            }
        case .noResponders, .none: return nil
        }
    }
}
#endif
