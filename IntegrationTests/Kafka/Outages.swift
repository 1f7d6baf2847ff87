#if Kafka
import EventHorizon
import EventHorizonTesting
import ServerSupport
import Testing

@testable import EventHorizonKafka

/// A broker that dies, stands still, or comes back.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct Outages {
    @Test(arguments: [true, false])
    func what_is_published_during_an_outage_is_delivered_in_order(kills: Bool) async throws {
        try await withServer { server in
            let broker = broker(server, partitions: 2)
            let count = 40
            try await broker.withMember(of: handlers()) { member in
                let probe = probe(member)
                try await probe.holdAll()
                async let published: Void = {
                    for number in 0..<count {
                        for case .refused(let reason) in try await broker.publish([command("a\(number % 3)", number)]) { Issue.record("\(reason)") }
                    }
                }()
                if kills {
                    try await server.restart()
                } else {
                    server.pause()
                    for _ in 0..<80 { await probe.step(within: .milliseconds(50)) }
                    server.resume()
                }
                try await probe.wait(for: "everything is delivered") { Set(probe.commands.compactMap { $0.metadata["number"] }).count == count }
                try await published
                for aggregate in 0..<3 {
                    var seen: Set<String> = []
                    let numbers = probe.commands.filter { $0.stream.aggregate == "a\(aggregate)" }.compactMap { $0.metadata["number"] }
                    #expect(numbers.filter { seen.insert($0).inserted } == (0..<count).filter { $0 % 3 == aggregate }.map(String.init))
                }
            }
        }
    }

    @Test func a_member_goes_on_after_its_broker_was_killed() async throws {
        try await withServer { server in
            let broker = broker(server, partitions: 1)
            try await broker.withMember(of: handlers()) { member in
                let probe = probe(member)
                try await probe.holdAll()
                #expect(try await probe.append(commit(command("before")), after: .start).place != nil)
                try await server.restart()
                // Its partition may be lost on the way; what is stored is stored once.
                let during = commit(command("during"))
                var outcome = Outcome()
                outcome.appends.append(.init(token: probe.token(), partition: 0, commit: during, previous: .start))
                probe.submit(outcome)
                let sent = command("after")
                for case .refused(let reason) in try await broker.publish([sent]) { Issue.record("\(reason)") }
                try await probe.wait(for: "what was published afterwards is delivered") { probe.commands.contains(sent) }
                let found = try await probe.load(during.stream)
                if found.isEmpty { #expect(try await probe.append(during, after: .start).place != nil) }
                #expect(try await probe.load(during.stream).map(\.commit) == [during])
                #expect(try await probe.load(StreamID(invitations, "before")).count == 1)
            }
        }
    }
}
#endif
