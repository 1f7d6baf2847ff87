#if NATS
import EventHorizon
import Testing

@testable import EventHorizonNATS

@Suite(.serialized, .timeLimit(.minutes(1)))
struct PublishAndRead {
    @Test func commands_are_read_in_publish_order_across_eight_partitions() async throws {
        try await withServer { server in
            let broker = broker(server)
            let published = (0..<1000).map { command("guest-\($0 % 50)", $0) }
            let results = try await broker.publish(published)
            #expect(results.count == 1000)
            var positions: Set<Position> = []
            for result in results { if case .stored(let position) = result { positions.insert(position) } }
            #expect(positions.count == 1000)

            var read: [String: [Envelope]] = [:]
            var partitions: Set<Int> = []
            try await broker.withMember(of: handlers()) { member in
                var count = 0
                try await serve(member) { turn, _ in
                    for delivery in turn.deliveries {
                        guard case .command(let envelope) = delivery.content else { Issue.record("\(delivery.content)"); continue }
                        #expect(delivery.partition == Partitioner.partition(of: envelope.stream.aggregate, count: 8))
                        partitions.insert(delivery.partition)
                        read[envelope.stream.aggregate, default: []].append(envelope)
                        count += 1
                    }
                    return count >= 1000
                }
            }
            #expect(partitions.count == 8)
            for (aggregate, envelopes) in read { #expect(envelopes == published.filter { $0.stream.aggregate == aggregate }) }
        }
    }

    @Test func progress_is_where_the_next_member_begins() async throws {
        try await withServer { server in
            let broker = broker(server, partitions: 1)
            _ = try await broker.publish((0..<10).map { command("a", $0) })
            try await broker.withMember(of: handlers()) { member in
                try await serve(member) { turn, outcome in
                    for delivery in turn.deliveries where delivery.position == Position(6) { outcome.progress.append((0, delivery.position)) }
                    return turn.deliveries.contains { $0.position == Position(6) }
                }
            }
            try await broker.withMember(of: handlers()) { member in
                try await serve(member) { turn, _ in
                    for claim in turn.claimed { #expect(claim == Claim(partition: 0, progress: Position(6), end: Position(10), isUnclean: false)) }
                    return turn.deliveries.contains { $0.position == Position(7) }
                }
            }
        }
    }
}
#endif
