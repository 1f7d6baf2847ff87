#if NATS
import EventHorizon
import EventHorizonWire
import ServerSupport
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

    /// A member of all partitions reads them together, until one of them takes most of the window.
    @Test func a_partition_that_is_stuck_does_not_keep_the_others_from_being_read() async throws {
        try await withServer { server in
            let broker = broker(server)
            let stuck = Partitioner.partition(of: "guest-0", count: 8)
            let others = (1..<100).map { "guest-\($0)" }.filter { Partitioner.partition(of: $0, count: 8) != stuck }
            for start in stride(from: 0, to: 6000, by: 1000) {
                _ = try await broker.publish((start..<start + 1000).map { command("guest-0", $0) })
            }
            _ = try await broker.publish(others.map { command($0) })
            try await broker.withMember(of: handlers()) { member in
                var read: Set<String> = []
                try await serve(member) { turn, outcome in
                    for delivery in turn.deliveries {
                        if case .command(let envelope) = delivery.content, delivery.partition != stuck { read.insert(envelope.stream.aggregate) }
                    }
                    outcome.finished.removeAll { $0.partition == stuck }
                    return read.count == others.count
                }
            }
        }
    }

    /// The member's loop and its connection share a thread.
    @Test func deadlines_that_have_passed_do_not_keep_the_connection_from_its_socket() async throws {
        try await withServer { server in
            let broker = broker(server, partitions: 1)
            _ = try await broker.publish([command("a")])
            let limit = soon()
            let read = try await broker.withMember(of: handlers()) { member in
                await withTaskExecutorPreference(member.executor) {
                    var turn = Turn()
                    var outcome = Outcome()
                    while surroundings.clock.now < limit {
                        turn.removeAll()
                        await member.next(&turn, until: surroundings.clock.now)
                        for claim in turn.claimed { outcome.starts.append((claim.partition, claim.progress)) }
                        if !turn.deliveries.isEmpty { return turn.deliveries.count }
                        member.submit(&outcome)
                    }
                    return 0
                }
            }
            #expect(read == 1)
        }
    }

    @Test func a_partition_whose_commands_are_all_trimmed_ends_where_its_progress_is() async throws {
        try await withServer { server in
            let broker = NATSBroker(
                NATSConfiguration(servers: [server.url], application: "shop", partitionCount: 1, leaseTime: .seconds(2), trimming: .on),
                surroundings: surroundings)
            _ = try await broker.publish((0..<3).map { command("a", $0) })
            let ready = try await broker.open()
            try await broker.withMember(of: handlers()) { member in
                var handled = 0
                try await serve(member) { turn, outcome in
                    for delivery in turn.deliveries { outcome.progress.append((0, delivery.position)) }
                    handled += turn.deliveries.count
                    return handled == 3
                }
                let limit = soon()
                var left: Int64 = 3
                while left > 0, surroundings.clock.now < limit {
                    guard case .body(let body) = await ready.requests.request("$JS.API.STREAM.INFO.shop_COMMANDS") else { continue }
                    left = JSONValue(body)?["state"]?["messages"]?.integer ?? left
                    await surroundings.clock.sleep(until: surroundings.clock.now + .milliseconds(20))
                }
                #expect(left == 0)
                var outcome = Outcome()
                outcome.releases = [0]
                member.submit(&outcome)
            }
            try await broker.withMember(of: handlers()) { member in
                try await serve(member) { turn, _ in
                    for claim in turn.claimed { #expect(claim == Claim(partition: 0, progress: Position(3), end: Position(3), isUnclean: false)) }
                    return !turn.claimed.isEmpty
                }
            }
        }
    }

    @Test func progress_is_where_the_next_member_begins() async throws {
        try await withServer { server in
            let broker = broker(server, partitions: 1)
            _ = try await broker.publish((0..<10).map { command("a", $0) })
            try await broker.withMember(of: handlers()) { member in
                try await serve(member) { turn, outcome in
                    for delivery in turn.deliveries where delivery.position == Position(6) {
                        outcome.progress.append((0, delivery.position))
                        outcome.releases.append(0)
                    }
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

    @Test func a_server_killed_in_mid_stream_loses_nothing_and_stalls_nobody() async throws {
        try await withServer { server in
            let broker = broker(server)
            let total = 6000
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    try await broker.withMember(of: handlers()) { member in
                        // By aggregate, the numbers in order; a repeated delivery after the last position would be a fault.
                        var last: [Int: Position] = [:]
                        var numbers: [String: [Int]] = [:]
                        var count = 0
                        try await serve(member, within: 50) { turn, _ in
                            for delivery in turn.deliveries {
                                #expect(delivery.position > last[delivery.partition] ?? .start)
                                last[delivery.partition] = delivery.position
                                guard case .command(let envelope) = delivery.content else { continue }
                                let number = Int(envelope.metadata["number"]!)!
                                // A command whose answer was lost may be stored twice.
                                if numbers[envelope.stream.aggregate]?.last != number {
                                    numbers[envelope.stream.aggregate, default: []].append(number)
                                    count += 1
                                }
                            }
                            return count == total
                        }
                        for (_, list) in numbers { #expect(list == list.sorted()) }
                    }
                }
                tasks.addTask {
                    for start in stride(from: 0, to: total, by: 500) {
                        if start == 2000 || start == 4000 { try await server.restart() }
                        async let one = broker.publish((start..<start + 250).map { command("guest-\($0 % 40)", $0) })
                        async let two = broker.publish((start + 250..<start + 500).map { command("other-\($0 % 40)", $0) })
                        if start == 3000 { try await server.restart() }
                        for result in try await one + two { if case .refused(let reason) = result { Issue.record("\(reason)") } }
                    }
                }
                try await tasks.waitForAll()
            }
        }
    }

    @Test func a_request_is_answered_or_its_deadline_passes() async throws {
        try await withServer { server in
            let broker = broker(server)
            let problem = await #expect(throws: BrokerError.self) { try await broker.request(command("a"), within: .milliseconds(100)) }
            #expect(problem?.code == .deadlineExceeded)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    try await broker.withMember(of: handlers()) { member in
                        try await serve(member) { turn, outcome in
                            var isDone = false
                            for delivery in turn.deliveries {
                                guard case .command(let envelope) = delivery.content else { continue }
                                outcome.replies.append(
                                    (
                                        envelope.replyTo,
                                        Answer(
                                            command: envelope.id, stream: envelope.stream, outcome: .accepted(versions: 1..<2),
                                            place: Place(
                                                log: .events, incarnation: member.eventsIncarnation, partition: delivery.partition,
                                                position: Position(7)))
                                    ))
                                isDone = isDone || envelope.stream.aggregate == "b"
                            }
                            return isDone
                        }
                    }
                }
                let sent = command("b")
                let answer = try await broker.request(sent, within: .seconds(10))
                #expect(answer.command == sent.id && answer.place.position == Position(7))
                try await tasks.waitForAll()
            }
        }
    }

    @Test func thousands_of_callers_publish_side_by_side() async throws {
        try await withServer { server in
            let broker = broker(server)
            let stored = try await withThrowingTaskGroup(of: Int.self) { tasks in
                for number in 0..<5000 {
                    tasks.addTask {
                        if case .stored = try await broker.publish([command("guest-\(number % 700)", number)])[0] { 1 } else { 0 }
                    }
                }
                return try await tasks.reduce(0, +)
            }
            #expect(stored == 5000)
        }
    }

    @Test func a_cancelled_publish_returns_while_the_server_is_away() async throws {
        try await withServer { server in
            let broker = broker(server)
            _ = try await broker.publish([command("a")])
            await server.kill()
            let publishing = Task { try await broker.publish([command("b")]) }
            await surroundings.clock.sleep(until: surroundings.clock.now + .milliseconds(50))
            publishing.cancel()
            let problem = await #expect(throws: BrokerError.self) { try await publishing.value }
            #expect(problem?.code == .cancelled)
        }
    }

    @Test func what_is_no_command_of_ours_is_delivered_as_undecodable() async throws {
        try await withServer { server in
            let broker = broker(server, partitions: 1)
            _ = try await broker.publish([command("first")])
            let ready = try await broker.open()
            let subject = ready.names.subject(.commands, partition: 0, stream: StreamID(invitations, "x"))
            let name = String(decoding: subject, as: UTF8.self)
            _ = await ready.requests.request(name, "these are no protobuf bytes")
            // Another's body under this subject, and a header that contradicts its body.
            let other = WireCodec().encode(command("y"))
            _ = await ready.requests.request(name, block: other, headers: 0)
            var block: [UInt8] = []
            HeaderBlock.begin(&block)
            HeaderBlock.line("Eh-Type", &block) { $0.append(text: "guestlist.v1.Destroy") }
            HeaderBlock.end(&block)
            let headers = block.count
            block += WireCodec().encode(command("x"))
            _ = await ready.requests.request(name, block: block, headers: headers)
            // Without headers it is as good as any.
            _ = await ready.requests.request(name, block: WireCodec().encode(command("x")), headers: 0)
            try await broker.withMember(of: handlers()) { member in
                var contents: [Delivery.Content] = []
                try await serve(member) { turn, _ in
                    contents += turn.deliveries.map(\.content)
                    return contents.count == 5
                }
                for index in 1...3 {
                    guard case .undecodable(let record, nil, let type, _) = contents[index] else { Issue.record("\(contents[index])"); continue }
                    #expect(!record.isEmpty)
                    #expect(type == (index == 3 ? "guestlist.v1.Destroy" : ""))
                }
                for index in [0, 4] { guard case .command = contents[index] else { Issue.record("\(contents[index])"); continue } }
            }
            // Without a group records are told as they lie: by their bodies.
            var lying: [LogRecord.Content] = []
            try await broker.read(LogRange(.commands)) { records in
                lying += records.map(\.content)
                return true
            }
            #expect(lying.count == 5)
            guard case .undecodable(Array("these are no protobuf bytes".utf8), _) = lying[1] else { throw SupportError("\(lying[1])") }
        }
    }
}
#endif
