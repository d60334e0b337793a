"""Every version that kafka-python knows too, byte for byte as its codec has it."""

import importlib
from typing import Any

import pytest

from lab.kafka.protocol.apis import APIS
from lab.kafka.protocol.codec import decode, encode
from lab.kafka.protocol.schema import Message
from tests.kafka.protocol.wire_bytes import Maker

MODULES = ("admin", "consumer", "producer", "metadata")


def _classes() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for module in MODULES:
        package = importlib.import_module(f"kafka.protocol.{module}")
        found |= {name: one for name, one in vars(package).items() if name.endswith(("Request", "Response"))}
    return found


KNOWN = _classes()
CASES = [
    (api.key, api.name, half, version)
    for api in APIS.values()
    for half in ("Request", "Response")
    if f"{api.name}{half}" in KNOWN
    for version in range(api.versions.first, api.versions.last + 1)
    if KNOWN[f"{api.name}{half}"].min_version <= version <= KNOWN[f"{api.name}{half}"].max_version
]


def test_it_knows_most_of_them() -> None:
    assert len({name for _, name, _, _ in CASES}) >= 30


@pytest.mark.parametrize(("key", "name", "half", "version"), CASES)
def test_a_message_is_what_kafka_python_reads_and_writes(key: int, name: str, half: str, version: int) -> None:
    schema: Message = APIS[key].request(version) if half == "Request" else APIS[key].response(version)
    for seed in range(6):
        made = Maker(schema, version, seed).message()
        data = b"".join(encode(schema, version, decode(schema, version, made)))
        if (key, half) == (18, "Response") and not data.startswith(b"\0\0"):
            continue  # an error, which it takes to come in version 0 whatever was asked
        found = KNOWN[f"{name}{half}"].decode(data, version=version)
        found._header = None
        assert bytes(found.encode(version=version)) == data
