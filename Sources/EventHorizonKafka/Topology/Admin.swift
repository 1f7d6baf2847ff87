#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import Glibc

/// Questions and administration, over one client. Every call blocks, up to its limit: for threads of our own.
struct Admin: Sendable {
    let client: Client
    private static let requestLimit: Int32 = 10_000

    /// A topic as the cluster has it.
    struct Topic {
        var partitionCount: Int
        /// Of the partition that has the fewest.
        var replicaCount: Int
        var failure: KafkaFailure?
    }

    /// Every topic that this client may see.
    func topics() throws(KafkaFailure) -> [String: Topic] {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(client.handle, 1, nil, &metadata, 2_000)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaFailure(code) }
        defer { rd_kafka_metadata_destroy(metadata) }
        var topics: [String: Topic] = [:]
        for index in 0..<Int(metadata.pointee.topic_cnt) {
            let topic = metadata.pointee.topics[index]
            var found = Topic(partitionCount: Int(topic.partition_cnt), replicaCount: .max)
            if topic.err != RD_KAFKA_RESP_ERR_NO_ERROR { found.failure = KafkaFailure(topic.err) }
            for partition in 0..<Int(topic.partition_cnt) {
                found.replicaCount = min(found.replicaCount, Int(topic.partitions[partition].replica_cnt))
            }
            topics[String(cString: topic.topic)] = found
        }
        return topics
    }

    /// Creates topics; what exists already is left as it is.
    func create(_ topics: [TopicSetup]) throws(KafkaFailure) {
        var text = [CChar](repeating: 0, count: 512)
        var wanted: [OpaquePointer?] = []
        defer { for topic in wanted { rd_kafka_NewTopic_destroy(topic) } }
        for topic in topics {
            let made = rd_kafka_NewTopic_new(topic.name, Int32(topic.partitionCount), Int32(topic.replicas), &text, text.count)
            guard let made else {
                throw KafkaFailure(RD_KAFKA_RESP_ERR__INVALID_ARG, text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
            }
            wanted.append(made)
            for (name, value) in topic.creation { rd_kafka_NewTopic_set_config(made, name, value) }
        }
        let event = try ask(RD_KAFKA_ADMIN_OP_CREATETOPICS) { options, queue in
            rd_kafka_CreateTopics(client.handle, &wanted, wanted.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        for index in 0..<count {
            let result = results?[index]
            let code = rd_kafka_topic_result_error(result)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS { continue }
            let name = rd_kafka_topic_result_name(result).map { String(cString: $0) } ?? ""
            let reason = rd_kafka_topic_result_error_string(result).map { String(cString: $0) } ?? String(cString: rd_kafka_err2str(code))
            throw KafkaFailure(code, "\(name): \(reason)")
        }
    }

    /// The settings of topics, by topic and name.
    func settings(of topics: [String]) throws(KafkaFailure) -> [String: [String: String]] { try settings(RD_KAFKA_RESOURCE_TOPIC, of: topics) }

    private func settings(_ type: rd_kafka_ResourceType_t, of resources: [String]) throws(KafkaFailure) -> [String: [String: String]] {
        var resources: [OpaquePointer?] = resources.map { rd_kafka_ConfigResource_new(type, $0) }
        defer { for resource in resources { rd_kafka_ConfigResource_destroy(resource) } }
        let event = try ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { options, queue in
            rd_kafka_DescribeConfigs(client.handle, &resources, resources.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
        var settings: [String: [String: String]] = [:]
        for index in 0..<count {
            guard let resource = results?[index], let name = rd_kafka_ConfigResource_name(resource) else { continue }
            let code = rd_kafka_ConfigResource_error(resource)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code) }
            var entryCount = 0
            let entries = rd_kafka_ConfigResource_configs(resource, &entryCount)
            for entry in 0..<entryCount {
                guard let pointer = entries?[entry], let key = rd_kafka_ConfigEntry_name(pointer) else { continue }
                settings[String(cString: name), default: [:]][String(cString: key)] = rd_kafka_ConfigEntry_value(pointer).map { String(cString: $0) }
            }
        }
        return settings
    }

    /// The settings of the first broker; empty where this client may not see them.
    func brokerSettings() -> [String: String] {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        guard rd_kafka_metadata(client.handle, 0, nil, &metadata, 2_000) == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { return [:] }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.broker_cnt > 0 else { return [:] }
        let broker = "\(metadata.pointee.brokers[0].id)"
        return (try? settings(RD_KAFKA_RESOURCE_BROKER, of: [broker])[broker]) ?? [:]
    }

    /// Removes the records before these offsets.
    func deleteRecords(of topic: String, before offsets: [Int: Int64]) throws(KafkaFailure) {
        let list = PartitionList()
        for (partition, offset) in offsets { list.add(topic, partition, offset: offset) }
        var request: OpaquePointer? = list.with { rd_kafka_DeleteRecords_new($0) }
        defer { rd_kafka_DeleteRecords_destroy(request) }
        let event = try ask(RD_KAFKA_ADMIN_OP_DELETERECORDS) { options, queue in
            rd_kafka_DeleteRecords(client.handle, &request, 1, options, queue)
        }
        rd_kafka_event_destroy(event)
    }

    /// What a group has committed of a topic, by partition; nothing where it committed nothing. While a transaction with offsets of the group is open,
    /// this waits.
    func progress(of group: String, in topic: String, partitionCount: Int) throws(KafkaFailure) -> [Int: Int64] {
        let list = PartitionList()
        for partition in 0..<partitionCount { list.add(topic, partition, offset: Int64(RD_KAFKA_OFFSET_INVALID)) }
        var request: OpaquePointer? = list.with { rd_kafka_ListConsumerGroupOffsets_new(group, $0) }
        defer { rd_kafka_ListConsumerGroupOffsets_destroy(request) }
        let event = try ask(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS) { options, queue in
            rd_kafka_error_destroy(rd_kafka_AdminOptions_set_require_stable_offsets(options, 1))
            rd_kafka_ListConsumerGroupOffsets(client.handle, &request, 1, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        guard
            let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &count), count == 1,
            let partitions = rd_kafka_group_result_partitions(groups[0])
        else { return [:] }
        if let error = rd_kafka_group_result_error(groups[0]) {
            throw KafkaFailure(rd_kafka_error_code(error), String(cString: rd_kafka_error_string(error)))
        }
        var progress: [Int: Int64] = [:]
        for index in 0..<Int(partitions.pointee.cnt) {
            let entry = partitions.pointee.elems[index]
            if entry.err == RD_KAFKA_RESP_ERR_NO_ERROR, entry.offset >= 0 { progress[Int(entry.partition)] = entry.offset }
        }
        return progress
    }

    /// How many members a group has now.
    func memberCount(of group: String) throws(KafkaFailure) -> Int {
        var list: UnsafePointer<rd_kafka_group_list>?
        let code = rd_kafka_list_groups(client.handle, group, &list, Self.requestLimit)
        guard let list else { throw KafkaFailure(code) }
        defer { rd_kafka_group_list_destroy(list) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code) }
        var count = 0
        for index in 0..<Int(list.pointee.group_cnt) { count += Int(list.pointee.groups[index].member_cnt) }
        return count
    }

    /// A partition's first offset and the one after its last, the records of open transactions included.
    func bounds(of topic: String, _ partition: Int) throws(KafkaFailure) -> Range<Int64> {
        var low: Int64 = 0
        var high: Int64 = 0
        let deadline = MonotonicTime.now &+ 5_000_000_000
        while true {
            let code = rd_kafka_query_watermark_offsets(client.handle, topic, Int32(partition), &low, &high, 5_000)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { return low..<max(low, high) }
            // A topic that was just created, or moves, has no leader for a moment.
            guard !KafkaFailure(code).isRefusal, MonotonicTime.now < deadline else {
                throw KafkaFailure(code, "the end of '\(topic)': \(KafkaFailure(code).text)")
            }
            usleep(50_000)
        }
    }

    /// Asks and waits for the answer. The caller destroys the event.
    private func ask(_ operation: rd_kafka_admin_op_t, _ send: (OpaquePointer, OpaquePointer) -> Void) throws(KafkaFailure) -> OpaquePointer {
        let queue = rd_kafka_queue_new(client.handle)!
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(client.handle, operation)!
        defer { rd_kafka_AdminOptions_destroy(options) }
        var text = [CChar](repeating: 0, count: 256)
        _ = rd_kafka_AdminOptions_set_request_timeout(options, Self.requestLimit, &text, text.count)
        if operation == RD_KAFKA_ADMIN_OP_CREATETOPICS {
            _ = rd_kafka_AdminOptions_set_operation_timeout(options, Self.requestLimit, &text, text.count)
        }
        send(options, queue)
        guard let event = rd_kafka_queue_poll(queue, Self.requestLimit + 2_000) else { throw KafkaFailure(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            defer { rd_kafka_event_destroy(event) }
            throw KafkaFailure(code, rd_kafka_event_error_string(event).map { String(cString: $0) })
        }
        return event
    }
}
#endif
