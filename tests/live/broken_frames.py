"""Frames that no client should send: valid ones of every API and version, cut, changed, and with lengths that lie."""

import random
import struct
from collections.abc import Iterator
from enum import EnumType
from typing import Any

from lab.kafka.protocol.apis import APIS
from lab.kafka.protocol.codec import uvarint
from lab.kafka.protocol.schema import Api, Fixed
from tests.kafka.protocol.wire_bytes import Maker

LIES = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\x00\x00\x00\x00", b"\xff" * 8)
LONG_LIES = (uvarint((1 << 31) - 1), uvarint(1 << 31), uvarint((1 << 35) - 1), b"\x80" * 6, b"\xff" * 10)
CLIENT = "mallory"


NAMES = ("orders", "latest", "good", "billing", "a-group", "a-transaction", "consumer", "range", "broker-1", "1", "")
NUMBERS = (-1, -1, 0, 0, 0, 1, 1, 2, 3, 5, 100, -2, 127)


class Plausible(Maker):
    """Requests that name what there is, and numbers that mean something: broken in what they ask for."""

    def name(self) -> str:
        return self.dice.choice(NAMES) if self.dice.random() < 0.9 else super().name()

    def number(self, kind: Fixed) -> Any:
        if isinstance(kind.meaning, EnumType) or kind.code not in "bhiq" or self.dice.random() < 0.1:
            return super().number(kind)
        return self.dice.choice(NUMBERS)

    def fresh(self) -> int:
        return self.dice.choice((0, 0, 0, 1, 2, -1, 7))


def every_version() -> Iterator[tuple[Api, int]]:
    for api in APIS.values():
        for version in range(api.versions.first, api.versions.last + 1):
            yield api, version


def head(api: Api, version: int, correlation_id: int = 7, client_id: str = CLIENT) -> bytes:
    name = client_id.encode()
    tags = b"\0" if api.request(version).is_flexible(version) else b""
    return struct.pack(">hhih", api.key, version, correlation_id, len(name)) + name + tags


def valid_frame(api: Api, version: int, seed: int = 0, correlation_id: int = 7, client_id: str = CLIENT) -> bytes:
    """Without its size."""
    return head(api, version, correlation_id, client_id) + Maker(api.request(version), version, seed).message()


def plausible_frame(api: Api, version: int, seed: int, client_id: str = CLIENT) -> bytes:
    """Without its size."""
    return head(api, version, seed, client_id) + Plausible(api.request(version), version, seed).message()


def mutated(frame: bytes, dice: random.Random, begin: int = 0) -> bytes:
    """One to four things are wrong from byte `begin` on."""
    found = bytearray(frame)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(begin, len(found) + 1)
        match dice.randrange(7):
            case 0:
                found[at : at + 1] = bytes((dice.randrange(256),))
            case 1:
                del found[at : at + dice.randrange(1, 9)]
            case 2:
                found[at:at] = dice.randbytes(dice.randrange(1, 9))
            case 3:
                found[at : at + 4] = dice.choice(LIES)
            case 4:
                found[at : at + 1] = dice.choice(LONG_LIES)
            case 5:
                found[at:] = found[begin:at]
            case _:
                if at < len(found):
                    found[at] ^= 1 << dice.randrange(8)
        begin = min(begin, len(found))
    return bytes(found)
