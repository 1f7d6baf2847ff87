#!/usr/bin/env python3
"""Reads and writes the wire's golden records with Python's protobuf, from the public .proto files alone.

    pip install protobuf        # any version that reads what your protoc writes: protobuf 4.21 to 5.x for Debian 12's protoc 3.21
    IntegrationTests/wire/check.py

For each Tests/EventHorizonWireTests/golden/NAME.hex, which Swift's tests hold Swift to:
- Python reads it, knows every field, and finds the values of NAME.txtpb (protobuf's text format);
- Python, given those values, writes the same bytes: so Swift, which reads the file in its tests, reads what Python writes.

Needs protoc. Exits 1 and names each record that differs.
"""

import importlib
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "Tests/EventHorizonWireTests/golden"
PROTO = ROOT / "proto"


def modules(into):
    """Generated modules of every .proto file, made in a folder of its own."""
    files = sorted(PROTO.glob("eventhorizon/v1/*.proto"))
    subprocess.run(["protoc", f"--proto_path={PROTO}", f"--python_out={into}", *map(str, files)], check=True)
    sys.path.insert(0, str(into))
    return [importlib.import_module(f"eventhorizon.v1.{file.stem}_pb2") for file in files]


def record(path):
    """The type's name, from the first line, and the bytes."""
    first, *rest = path.read_text().splitlines()
    return first.removeprefix("# "), bytes.fromhex("".join(rest))


def unknown_fields(message):
    """Whether the message, or one inside it, holds fields that the .proto files do not name: it is shorter without them."""
    known = type(message)()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    return len(known.SerializeToString()) != len(message.SerializeToString())


def main():
    try:
        from google.protobuf import text_format
    except ImportError:
        sys.exit("Python has no protobuf: pip install protobuf")
    with tempfile.TemporaryDirectory() as folder:
        generated = {}
        for module in modules(pathlib.Path(folder)):
            for name, descriptor in module.DESCRIPTOR.message_types_by_name.items():
                generated[descriptor.full_name] = getattr(module, name)

    problems = []
    names = sorted(path.stem for path in GOLDEN.glob("*.hex"))
    for name in names:
        kind, golden = record(GOLDEN / f"{name}.hex")
        read = generated[kind].FromString(golden)
        values = text_format.Parse((GOLDEN / f"{name}.txtpb").read_text(), generated[kind]())
        if read != values:
            problems.append(f"{name}: read as\n{read}\nnot as {name}.txtpb says\n{values}")
        if unknown_fields(read):
            problems.append(f"{name}: holds fields that proto/ does not name")
        written = values.SerializeToString(deterministic=True)
        if written != golden:
            problems.append(f"{name}: Python writes\n{written.hex()}\nand Swift\n{golden.hex()}")

    required = {"Envelope", "Commit", "DeadLetter", "Answer", "Topology", "Ownership", "Checkpoint"}
    seen = {record(GOLDEN / f"{name}.hex")[0].removeprefix("eventhorizon.v1.") for name in names}
    if required - seen:
        problems.append(f"no golden record of {', '.join(sorted(required - seen))} in {GOLDEN}")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"wire: {len(names)} golden records, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
