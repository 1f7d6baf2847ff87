#!/usr/bin/env python3
"""Publishes one command to the guest list, waits for its answer, and reads the event that it led to.

    pip install nats-py 'protobuf>=4.21,<6'      # a protobuf that reads what your protoc writes; these are for Debian 12's protoc 3.21
    protoc --proto_path=proto --python_out=build/python proto/eventhorizon/v1/*.proto
    PYTHONPATH=build/python IntegrationTests/python/publish.py --server nats://127.0.0.1:4222

Needs a nats-server and a running guestlist-command-handler. Ends with 0 only if the answer and the event are those of the command.
"""

import argparse
import asyncio
import json
import os
import sys
import time
import uuid

import nats
from eventhorizon.v1.answer_pb2 import Answer
from eventhorizon.v1.commit_pb2 import Commit
from eventhorizon.v1.envelope_pb2 import Envelope
from eventhorizon.v1.topology_pb2 import Topology
from nats.errors import TimeoutError
from nats.js.errors import NotFoundError

CATEGORY = "guestlist.v1.Invitation"


def token(text: str) -> str:
    """Any text as one token of a subject: a byte outside A-Z a-z 0-9 _ - becomes =XX."""
    plain = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
    return "".join(chr(byte) if byte in plain else f"={byte:02X}" for byte in text.encode())


def partition(aggregate_id: str, count: int) -> int:
    """Java's murmur2 of the UTF-8 bytes, sign bit cleared, modulo the partition count: what Kafka's default partitioner computes."""
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


def uuid7() -> uuid.UUID:
    """48 bits of milliseconds since 1970, then random bits."""
    bits = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    return uuid.UUID(int=bits & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


async def partition_count(js, app: str) -> int:
    """What the application was created with. It never changes."""
    record = await js.get_last_msg(f"KV_{app}", f"$KV.{app}.topology")
    return Topology.FromString(record.data).partition_count


async def publish(js, app: str, where: int, command: Envelope) -> None:
    """Durable when it returns. Await one command of an aggregate before you publish its next: that keeps their order."""
    command_id = str(uuid.UUID(bytes=command.id))
    await js.publish(
        f"{app}.cmd.{where}.{token(command.category)}.{token(command.aggregate_id)}",
        command.SerializeToString(),
        stream=f"{app}_COMMANDS",
        headers={
            "Eh-Id": command_id,
            "Eh-Kind": "command",
            "Eh-Type": command.type,
            "Eh-Schema": str(command.schema_version),
            "Eh-Correlation": str(uuid.UUID(bytes=command.correlation_id)),
        },
    )


async def main() -> int:
    options = argparse.ArgumentParser(description="Invites one guest.")
    options.add_argument("--server", default="nats://127.0.0.1:4222")
    options.add_argument("--application", default="guestlist")
    options.add_argument("--guest", default=f"python/{uuid.uuid4()}", help="the aggregate's id: any text of up to 1 KiB")
    options.add_argument("--wrong-partition", action="store_true", help="publish into another aggregate's partition, to see it forwarded")
    given = options.parse_args()
    app = given.application

    nc = await nats.connect(given.server)
    js = nc.jetstream()
    try:
        count = await partition_count(js, app)
    except NotFoundError:
        print(f"there is no application '{app}' on this server yet: start a guestlist-command-handler, which creates it", file=sys.stderr)
        return 1

    # The answer comes to a subject of ours. A command that wants none leaves reply_to empty.
    inbox = nc.new_inbox()
    answers = await nc.subscribe(inbox)

    command_id = uuid7().bytes
    command = Envelope(
        id=command_id,
        kind=Envelope.KIND_COMMAND,
        type="guestlist.v1.CreateInvite",
        schema_version=1,
        content_type="application/json",
        payload=json.dumps({"list": "python", "name": "Guido", "age": 42}).encode(),
        category=CATEGORY,
        aggregate_id=given.guest,
        correlation_id=command_id,  # nothing came before: the command begins its own lineage
        occurred_at=time.time_ns(),
        reply_to=inbox,
    )
    where = partition(given.guest, count)
    await publish(js, app, (where + 1) % count if given.wrong_partition else where, command)

    try:
        answer = Answer.FromString((await answers.next_msg(timeout=10)).data)
    except TimeoutError:
        print("no answer within 10 s: the command is stored all the same; does a guestlist-command-handler run?", file=sys.stderr)
        return 1
    assert answer.command_id == command_id, "the answer is another command's"
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

    # A record of the events log is a commit: what one append added to one aggregate. Its position is its sequence in the stream.
    record = await js.get_msg(f"{app}_EVENTS", seq=answer.place.position)
    commit = Commit.FromString(record.data)
    for number, event in enumerate(commit.events):
        if event.causation_id != command_id:
            continue  # commands of one aggregate that came together share a commit
        print(f"{commit.category}/{commit.aggregate_id} version {commit.first_version + number}: {event.type} {event.payload.decode()}")
        assert event.correlation_id == command.correlation_id, "the event has lost its lineage"
        await nc.close()
        return 0
    print("the commit holds no event of the command", file=sys.stderr)
    return 1


sys.exit(asyncio.run(main()))
