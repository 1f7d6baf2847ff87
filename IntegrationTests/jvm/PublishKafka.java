import com.google.protobuf.ByteString;
import eventhorizon.v1.AnswerOuterClass.Answer;
import eventhorizon.v1.CommitOuterClass.Commit;
import eventhorizon.v1.EnvelopeOuterClass.Envelope;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;

/**
 * Publishes two commands to the guest list over Kafka, waits for their answers, and reads the events that they led to. Needs a JDK and Debian's
 * libprotobuf-java; the client's jars lie in a Kafka's libs.
 *
 *     protoc --proto_path=proto --java_out=build/java proto/eventhorizon/v1/*.proto
 *     javac -cp /usr/share/java/protobuf.jar -d build/classes build/java/eventhorizon/v1/*.java
 *     java -cp "$KAFKA_HOME/libs/*:/usr/share/java/protobuf.jar:build/classes" IntegrationTests/jvm/PublishKafka.java 127.0.0.1:9092 guestlist
 *
 * Needs a running guestlist-command-handler. Ends with 0 only if answers and events are those of the commands, and Kafka's own murmur2 gives the
 * partitions that this project's tests hold it to.
 */
public class PublishKafka {
    static final String CATEGORY = "guestlist.v1.Invitation";

    /** As in Tests/EventHorizonWireTests/PartitionerTests.swift: a key, its hash without the sign, and its partition of 1 to 12. */
    record Golden(String key, int hash, int... partitions) {}

    static final List<Golden> GOLDEN = List.of(
        new Golden("", 0x106e08d9, 0, 1, 0, 1, 1, 3, 2, 1, 0, 1, 2, 9),
        new Golden("a", 0x22d0b27c, 0, 0, 1, 0, 4, 4, 5, 4, 4, 4, 5, 4),
        new Golden("inv-1", 0x6f6725a1, 0, 1, 1, 1, 2, 1, 3, 1, 7, 7, 5, 1),
        new Golden("3f2504e0-4f89-41d3-9a0c-0305e82c3301", 0x7e52dd2c, 0, 0, 2, 0, 3, 2, 0, 4, 8, 8, 7, 8),
        new Golden("guest/m\u00fcller", 0x577805cc, 0, 0, 2, 0, 1, 2, 5, 4, 8, 6, 7, 8),
        new Golden("order-0000000042", 0x2a087bd8, 0, 0, 2, 0, 4, 2, 3, 0, 5, 4, 9, 8));

    static void check(boolean isSo, String otherwise) {
        if (!isSo) throw new IllegalStateException(otherwise);
    }

    static int hash(String key) {
        return Utils.toPositive(Utils.murmur2(key.getBytes(StandardCharsets.UTF_8)));
    }

    static void checkGolden() {
        for (var golden : GOLDEN) {
            int hash = hash(golden.key);
            check(hash == golden.hash, "the hash of '" + golden.key + "' is " + Integer.toHexString(hash));
            for (int count = 1; count <= 12; count++) {
                check(hash % count == golden.partitions[count - 1], "'" + golden.key + "' lies in " + hash % count + " of " + count);
            }
        }
        System.out.println("murmur2: " + GOLDEN.size() + " keys, 1 to 12 partitions, as expected");
    }

    /** Version 7: 48 bits of milliseconds since 1970, then random bits. */
    static UUID uuid7() {
        var random = ThreadLocalRandom.current();
        return new UUID(
            System.currentTimeMillis() << 16 | 0x7000 | random.nextInt(0x1000), random.nextLong() >>> 2 | 0x8000000000000000L);
    }

    static ByteString bytes(UUID id) {
        return ByteString.copyFrom(ByteBuffer.allocate(16).putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits()).flip());
    }

    /** Reads one partition from an offset on, or from its end, without a group; what was not committed is not shown. */
    static final class Reader implements AutoCloseable {
        private final KafkaConsumer<byte[], byte[]> consumer;
        private final Queue<ConsumerRecord<byte[], byte[]>> records = new ArrayDeque<>();

        Reader(String servers, String topic, int partition, Long offset) {
            consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", servers, "isolation.level", "read_committed", "auto.offset.reset", "none"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer());
            var place = new TopicPartition(topic, partition);
            consumer.assign(List.of(place));
            consumer.seek(place, offset != null ? offset : consumer.endOffsets(List.of(place)).get(place));
        }

        ConsumerRecord<byte[], byte[]> next(String otherwise) {
            long due = System.nanoTime() + 20_000_000_000L;
            while (records.isEmpty()) {
                check(System.nanoTime() < due, otherwise);
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
            return records.remove();
        }

        @Override
        public void close() {
            consumer.close();
        }
    }

    public static void main(String[] arguments) throws Exception {
        checkGolden();
        var servers = arguments[0];
        var app = arguments[1];
        try (var producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", servers, "max.block.ms", 10_000), new ByteArraySerializer(), new ByteArraySerializer())) {
            // What the application was created with. It never changes.
            int count = producer.partitionsFor(app + ".commands").size();
            var guest = "jvm/" + UUID.randomUUID();
            int owned = hash(guest) % count;

            // An answer comes under a key of ours into a partition of the replies. A command that wants none leaves reply_to empty.
            var inbox = "jvm-" + UUID.randomUUID();
            int place = hash(inbox) % count;
            try (var answers = new Reader(servers, app + ".replies", place, null)) {
                String[][] asked = {
                    {"guestlist.v1.CreateInvite", "{\"list\":\"jvm\",\"name\":\"James\",\"age\":42}"}, {"guestlist.v1.AcceptInvite", "{}"}};
                for (int number = 0; number < asked.length; number++) {
                    var id = uuid7();
                    var key = inbox + "/" + number;
                    var command = Envelope.newBuilder()
                        .setId(bytes(id))
                        .setKind(Envelope.Kind.KIND_COMMAND)
                        .setType(asked[number][0])
                        .setSchemaVersion(1)
                        .setContentType("application/json")
                        .setPayload(ByteString.copyFromUtf8(asked[number][1]))
                        .setCategory(CATEGORY)
                        .setAggregateId(guest)
                        .setCorrelationId(bytes(id)) // nothing came before: the command begins its own lineage
                        .setOccurredAt(System.currentTimeMillis() * 1_000_000)
                        .setReplyTo(place + "/" + key)
                        .build();
                    // The default partitioner is the project's. Await one command of an aggregate before you publish its next.
                    var record = new ProducerRecord<>(
                        app + ".commands", guest.getBytes(StandardCharsets.UTF_8), command.toByteArray());
                    for (var header : Map.of(
                        "Eh-Id", id.toString(), "Eh-Category", CATEGORY, "Eh-Kind", "command", "Eh-Type", asked[number][0], "Eh-Schema", "1",
                        "Eh-Correlation", id.toString()).entrySet()) {
                        record.headers().add(header.getKey(), header.getValue().getBytes(StandardCharsets.UTF_8));
                    }
                    int stored = producer.send(record).get().partition();
                    check(stored == owned, "the default partitioner put '" + guest + "' into " + stored + ", not " + owned + " of " + count);

                    var found = answers.next("no answer within 20 s: does a guestlist-command-handler run?");
                    while (!key.equals(new String(found.key(), StandardCharsets.UTF_8))) found = answers.next("no answer within 20 s");
                    var answer = Answer.parseFrom(found.value());
                    check(answer.getCommandId().equals(command.getId()), "the answer is another command's");
                    var outcome = answer.getOutcome();
                    check(outcome.hasAcceptedFrom() && outcome.getAcceptedFrom() == number + 1, "the answer is " + outcome);
                    check(answer.getPlace().getPartition() == owned, "decided in partition " + answer.getPlace().getPartition());
                    System.out.println("accepted: " + outcome.getAcceptedCount() + " event(s) from version " + outcome.getAcceptedFrom());

                    // A record of the events topic is a commit: what one append added to one aggregate. Its position is its offset and one.
                    try (var events = new Reader(servers, app + ".events", owned, answer.getPlace().getPosition() - 1)) {
                        var commit = Commit.parseFrom(events.next("the commit cannot be read").value());
                        boolean isThere = false;
                        for (int index = 0; index < commit.getEventsCount(); index++) {
                            var event = commit.getEvents(index);
                            if (!event.getCausationId().equals(command.getId())) continue; // commands that came together share a commit
                            isThere = true;
                            check(event.getCorrelationId().equals(command.getCorrelationId()), "the event has lost its lineage");
                            System.out.println(
                                commit.getCategory() + "/" + commit.getAggregateId() + " version " + (commit.getFirstVersion() + index) + ": "
                                    + event.getType() + " " + event.getPayload().toStringUtf8());
                        }
                        check(isThere && commit.getAggregateId().equals(guest), "the commit holds no event of the command");
                    }
                }
            }
        }
    }
}
