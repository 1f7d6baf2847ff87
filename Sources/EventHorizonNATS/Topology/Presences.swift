#if NATS
import EventHorizon
import EventHorizonBridge

/// Looks whether members of a group live, before there is one that watches.
struct Presences {
    let requests: Requests
    let names: Names
    let group: String
    let clock: any WorkerClock

    /// Whether no member writes its presence for `lease` nanoseconds and a little, which is waited for, or until one does.
    ///
    /// That none is there now is not enough: one may just be joining, and is recorded before it is present.
    func areGone(within lease: UInt64) async throws -> Bool {
        var last = try await end()
        let deadline = MonotonicTime.now &+ lease &+ lease / 4
        while MonotonicTime.now < deadline {
            try await pause(min(lease / 10, 200_000_000))
            while let (sequence, isPresent) = try await next(after: last) {
                if isPresent { return false }
                last = sequence
            }
        }
        return true
    }

    /// The bucket's last sequence.
    private func end() async throws -> UInt64 {
        try await retrying {
            guard case .body(let body) = await requests.request("$JS.API.STREAM.INFO.\(names.bucketStream)") else { return nil }
            return JSONValue(body)?["state"]?["last_seq"]?.integer.map { UInt64(max(0, $0)) }
        }
    }

    /// The next presence that was written: a goodbye is empty.
    private func next(after sequence: UInt64) async throws -> (sequence: UInt64, isPresent: Bool)? {
        let filter = JSONValue.quoted(names.presenceKeys(group: group))
        return try await retrying {
            let answer = await requests.request(
                "$JS.API.STREAM.MSG.GET.\(names.bucketStream)", "{\"seq\":\(sequence + 1),\"next_by_subj\":\(filter)}")
            guard case .body(let body) = answer else { return nil }
            switch body.withUnsafeBytes({ StoredMessage.read($0) }) {
            case .message(let message): return .some((message.sequence, !message.data.isEmpty))
            case .nothing: return .some(nil)
            case .failed, .unreadable: return nil
            }
        }
    }

    /// - Parameter body: Gives nil where the server did not answer.
    private func retrying<Value>(_ body: () async -> Value?) async throws -> Value {
        for _ in 0..<20 {
            if let value = await body() { return value }
            try await pause(200_000_000)
        }
        throw BrokerError(.unavailable, "whether members of '\(group)' live could not be read", isRetriable: true)
    }

    private func pause(_ nanoseconds: UInt64) async throws {
        await clock.sleep(until: clock.now + .nanoseconds(Int64(clamping: nanoseconds)))
        if Task.isCancelled { throw BrokerError(.cancelled, "looking for the members of '\(group)' was cancelled") }
    }
}
#endif
