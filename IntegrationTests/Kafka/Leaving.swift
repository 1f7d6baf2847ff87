#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonTesting
import Glibc
import Synchronization
import Testing

@testable import EventHorizonKafka

/// A member that ends does not wait for those that do not answer.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct Leaving {
    /// Is told what it is assigned, and never says that it has taken it: the next rebalance waits for it.
    private final class Silent: ClientDelegate, @unchecked Sendable {
        // Unchecked: the mutex guards it.
        private let told = Mutex(false)
        var isTold: Bool { told.withLock { $0 } }
        override func rebalanced(
            _ client: OpaquePointer, _ code: rd_kafka_resp_err_t, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
        ) { told.withLock { $0 = true } }
    }

    private func join(_ group: GroupDeclaration, _ broker: KafkaBroker, _ delegate: Silent) async throws -> Client {
        let ready = try await broker.open()
        let client = try Client(
            .consumer, .membership(broker.configuration, group: ready.names.group(group.name), sessionTimeout: .seconds(20)), delegate: delegate)
        let topics = PartitionList()
        topics.add(ready.names.topic(group.log), -1, offset: 0)
        _ = topics.with { rd_kafka_subscribe(client.handle, $0) }
        return client
    }

    private func state(of group: GroupDeclaration, _ broker: KafkaBroker) async throws -> String {
        let ready = try await broker.open()
        return try await ForeignThread.run {
            var list: UnsafePointer<rd_kafka_group_list>?
            let code = rd_kafka_list_groups(ready.admin.client.handle, ready.names.group(group.name), &list, 5_000)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { throw KafkaFailure(code) }
            defer { rd_kafka_group_list_destroy(list) }
            return list.pointee.group_cnt > 0 ? String(cString: list.pointee.groups[0].state) : ""
        }
    }

    @Test(arguments: [true, false])
    func a_member_leaves_while_its_group_waits_for_another(keepsOwnProgress: Bool) async throws {
        let broker = try await broker(sharedServer(), partitions: 4)
        let group = GroupDeclaration(name: "waiting", log: .events, categories: [invitations], keepsOwnProgress: keepsOwnProgress)
        let (silent, late) = (Silent(), Silent())
        var others: [Client] = []
        var left = ContinuousClock.now
        try await broker.withMember(of: group) { member in
            let probe = probe(member)
            try await probe.holdAll()
            others.append(try await join(group, broker, silent))
            try await probe.wait(for: "the silent member has its part") {
                while let message = rd_kafka_consumer_poll(others[0].handle, 0) { rd_kafka_message_destroy(message) }
                return silent.isTold && probe.held.count < 4
            }
            others.append(try await join(group, broker, late))
            var state = ""
            while state != "PreparingRebalance" {
                await probe.step()
                state = try await self.state(of: group, broker)
            }
            // The member hears of it with its next heartbeat, and joins again.
            let heard = ContinuousClock.now + .seconds(2)
            while ContinuousClock.now < heard { await probe.step() }
            if keepsOwnProgress, let partition = probe.held.first {
                // Its record is on the way when the member leaves, and answered after the rebalance only.
                var outcome = Outcome()
                outcome.progress = [(partition, Position(1))]
                probe.submit(outcome)
                let begun = ContinuousClock.now + .milliseconds(400)
                while ContinuousClock.now < begun { await probe.step() }
            }
            left = .now
        }
        #expect(left.duration(to: .now) < .seconds(6), "the group waits 20 s for the silent one")
        for client in others { client.abandon() }
    }

    @Test
    func a_member_leaves_while_it_joins_a_group_that_waits_for_another() async throws {
        let broker = try await broker(sharedServer(), partitions: 4)
        let group = GroupDeclaration(name: "joining", log: .events, categories: [invitations], keepsOwnProgress: true)
        let silent = Silent()
        let other = try await join(group, broker, silent)
        try await ForeignThread.run {
            while !silent.isTold { if let message = rd_kafka_consumer_poll(other.handle, 20) { rd_kafka_message_destroy(message) } }
        }
        var left = ContinuousClock.now
        try await broker.withMember(of: group) { member in
            let probe = probe(member)
            var state = ""
            while state != "PreparingRebalance" {
                await probe.step()
                state = try await self.state(of: group, broker)
            }
            #expect(probe.held.isEmpty)
            left = .now
        }
        #expect(left.duration(to: .now) < .seconds(6), "the group waits 20 s for the silent one")
        other.abandon()
    }
}
#endif
