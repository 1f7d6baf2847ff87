#!/usr/bin/env python3
"""Publishes two commands to the guest list over Kafka, waits for their answers, and reads the events that they led to.

    pip install confluent-kafka 'protobuf>=4.21,<6'      # a protobuf that reads what your protoc writes; these are for Debian 12's protoc 3.21
    protoc --proto_path=proto --python_out=build/python proto/eventhorizon/v1/*.proto
    PYTHONPATH=build/python IntegrationTests/python/publish_kafka.py --server 127.0.0.1:9092

Needs a Kafka and a running guestlist-command-handler. Ends with 0 only if answers and events are those of the commands, and all of the aggregate's
events lie in its own partition. With --default-partitioner, librdkafka chooses another partition than that for the first command.
"""

import argparse
import json
import os
import sys
import time
import uuid
import zlib

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, Producer, TopicPartition
from eventhorizon.v1.answer_pb2 import Answer
from eventhorizon.v1.commit_pb2 import Commit
from eventhorizon.v1.envelope_pb2 import Envelope

CATEGORY = "guestlist.v1.Invitation"


def partition(aggregate_id: str, count: int) -> int:
    """Java's murmur2 of the UTF-8 bytes, sign bit cleared, modulo the partition count: what a JVM's default partitioner computes."""
    data, mask, m = aggregate_id.encode(), 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) - len(data) % 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    if len(data) > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    h ^= h >> 15
    return (h & 0x7FFFFFFF) % count


def misplaced(count: int) -> str:
    """An id that librdkafka's default partitioner, CRC32, puts elsewhere."""
    while True:
        guest = f"python/{uuid.uuid4()}"
        if zlib.crc32(guest.encode()) % count != partition(guest, count):
            return guest


def uuid7() -> uuid.UUID:
    """48 bits of milliseconds since 1970, then random bits."""
    bits = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    return uuid.UUID(int=bits & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def command(kind: str, payload: dict, guest: str, reply_to: str) -> Envelope:
    command_id = uuid7().bytes
    return Envelope(
        id=command_id,
        kind=Envelope.KIND_COMMAND,
        type=kind,
        schema_version=1,
        content_type="application/json",
        payload=json.dumps(payload).encode(),
        category=CATEGORY,
        aggregate_id=guest,
        correlation_id=command_id,  # nothing came before: the command begins its own lineage
        occurred_at=time.time_ns(),
        reply_to=reply_to,
    )


def publish(producer: Producer, app: str, where: int | None, command: Envelope) -> int:
    """Durable when it returns: the partition. Await one command of an aggregate before you publish its next: that keeps their order."""
    reports = []
    producer.produce(
        f"{app}.commands",
        key=command.aggregate_id.encode(),
        value=command.SerializeToString(),
        headers={
            "Eh-Id": str(uuid.UUID(bytes=command.id)),
            "Eh-Category": command.category,
            "Eh-Kind": "command",
            "Eh-Type": command.type,
            "Eh-Schema": str(command.schema_version),
            "Eh-Correlation": str(uuid.UUID(bytes=command.correlation_id)),
        },
        on_delivery=lambda error, message: reports.append((error, message)),
        **({} if where is None else {"partition": where}),
    )
    producer.flush()
    error, message = reports[0]
    if error is not None:
        raise RuntimeError(f"the command is not stored: {error}")
    return message.partition()


def reader(server: str, topic: str, where: int, offset: int, tells_end: bool = False) -> Consumer:
    """Reads one partition, without a group. What lies in a transaction that was not committed is not shown."""
    consumer = Consumer(
        {
            "bootstrap.servers": server,
            "group.id": "publish.py",  # has to be said, and is not joined
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "enable.partition.eof": tells_end,
        }
    )
    consumer.assign([TopicPartition(topic, where, offset)])
    return consumer


def bounds(server: str, topic: str, where: int) -> tuple[int, int]:
    """The first offset, and the one after the last."""
    consumer = reader(server, topic, where, OFFSET_END)
    found = consumer.get_watermark_offsets(TopicPartition(topic, where), timeout=10)
    consumer.close()
    return found


def records(consumer: Consumer, seconds: float):
    """What the partition holds from there on, until nothing came for so long."""
    while (message := consumer.poll(seconds)) is not None:
        if message.error():
            raise RuntimeError(message.error())
        yield message


def all_records(server: str, topic: str, where: int):
    """What the partition holds now."""
    consumer = reader(server, topic, where, OFFSET_BEGINNING, tells_end=True)
    while (message := consumer.poll(20)) is not None and not message.error():
        yield message
    consumer.close()
    if message is None or message.error().code() != KafkaError._PARTITION_EOF:
        raise RuntimeError(f"{topic}, partition {where}: its end was not reached ({message and message.error()})")


def main() -> int:
    options = argparse.ArgumentParser(description="Invites one guest, who accepts.")
    options.add_argument("--server", default="127.0.0.1:9092")
    options.add_argument("--application", default="guestlist")
    options.add_argument("--guest", help="the aggregate's id: any text of up to 1 KiB")
    options.add_argument("--default-partitioner", action="store_true", help="let librdkafka choose the first command's partition, to see it forwarded")
    given = options.parse_args()
    app = given.application

    producer = Producer({"bootstrap.servers": given.server, "enable.idempotence": True})
    topics = producer.list_topics(timeout=10).topics
    if f"{app}.commands" not in topics:
        print(f"there is no application '{app}' on this cluster yet: start a guestlist-command-handler, which creates it", file=sys.stderr)
        return 1
    # What the application was created with. It never changes.
    count = len(topics[f"{app}.commands"].partitions)
    guest = given.guest or (misplaced(count) if given.default_partitioner else f"python/{uuid.uuid4()}")
    owned = partition(guest, count)

    # An answer comes under a key of ours into a partition of the replies. A command that wants none leaves reply_to empty.
    inbox = f"python-{uuid.uuid4()}"
    place = partition(inbox, count)
    _, start = bounds(given.server, f"{app}.replies", place)
    answers = reader(given.server, f"{app}.replies", place, start)

    commands = []
    for number, (kind, payload) in enumerate(
        [("guestlist.v1.CreateInvite", {"list": "python", "name": "Guido", "age": 42}), ("guestlist.v1.AcceptInvite", {})]
    ):
        sent = command(kind, payload, guest, reply_to=f"{place}/{inbox}/{number}")
        commands.append(sent)
        lies_in = publish(producer, app, None if given.default_partitioner and number == 0 else owned, sent)
        print(f"{kind} lies in partition {lies_in}, its aggregate is partition {owned}'s")
        if given.default_partitioner and number == 0:
            assert lies_in != owned, f"the default partitioner found the right partition of '{guest}': give another --guest"

        found = next((message for message in records(answers, 20) if message.key() == f"{inbox}/{number}".encode()), None)
        if found is None:
            print("no answer within 20 s: the command is stored all the same; does a guestlist-command-handler run?", file=sys.stderr)
            return 1
        answer = Answer.FromString(found.value())
        assert answer.command_id == sent.id, "the answer is another command's"
        match answer.outcome.WhichOneof("outcome"):
            case "accepted_from":
                print(f"accepted: {answer.outcome.accepted_count} event(s) from version {answer.outcome.accepted_from}")
            case "rejected":
                print(f"rejected: {answer.outcome.rejected.payload.decode()}")
                return 1
            case "parked":
                print(f"parked until its aggregate is released: {answer.outcome.parked.reason}")
                return 1
            case "dead_lettered":
                print(f"not handled: {answer.outcome.dead_lettered}")
                return 1
        assert answer.place.partition == owned, f"decided in partition {answer.place.partition}, which is not the aggregate's"
        assert answer.outcome.accepted_from == number + 1, "somebody else decided for the aggregate"

        # A record of the events topic is a commit: what one append added to one aggregate. Its position is its offset and one.
        events = reader(given.server, f"{app}.events", owned, answer.place.position - 1)
        commit = Commit.FromString(next(records(events, 10)).value())
        events.close()
        mine = [(at, event) for at, event in enumerate(commit.events) if event.causation_id == sent.id]
        assert mine, "the commit holds no event of the command"
        for at, event in mine:
            print(f"{commit.category}/{commit.aggregate_id} version {commit.first_version + at}: {event.type} {event.payload.decode()}")
            assert event.correlation_id == sent.correlation_id, "the event has lost its lineage"
    answers.close()

    # Nobody decided anything for the aggregate elsewhere.
    for where in set(range(count)) - {owned}:
        keys = {message.key() for message in all_records(given.server, f"{app}.events", where)}
        assert guest.encode() not in keys, f"partition {where} holds events of '{guest}' too"
    return 0


sys.exit(main())
