"""Record batches that no client should send, with the right CRC all the same."""

import random
from collections.abc import Iterator

from lab.kafka.protocol.compression import Compression, compress
from lab.kafka.protocol.primitives import varint
from lab.kafka.protocol.records import (
    CONTROL,
    DELETE_HORIZON,
    HEADER_SIZE,
    LOG_APPEND_TIME,
    TRANSACTIONAL,
    Header,
    Record,
    RecordBatch,
    encode_record,
)

BIRTHS = (
    b"", b"x", b":", b"a:b", b"\xff\xfe:7", b"nobody:7", b"checkout:1", b"checkout:000000000001+0",
    b"nobody:" + b"9" * 5_000, b"a:1+", b"a:-1", b"a:1+9999999999999999999", b"a\n:1",
)  # fmt: skip


def assembled(
    body: bytes,
    count: int,
    *,
    attributes: int = 0,
    deltas: int | None = None,
    base_ms: int = 0,
    max_ms: int | None = None,
    producer: tuple[int, int, int] = (-1, -1, -1),
) -> bytes:
    return RecordBatch.assembled(
        attributes, count - 1 if deltas is None else deltas, base_ms, base_ms if max_ms is None else max_ms,
        *producer, count, body, 0, -1,
    ).data  # fmt: skip


def records(count: int, now_ms: int, *, at: int = 0, step: int = 1, headers: tuple[Header, ...] = ()) -> bytes:
    return b"".join(
        encode_record(Record(0, now_ms, b"k", b"v" * 20, headers), at + number * step, now_ms)
        for number in range(count)
    )


def broken_batches(now_ms: int) -> Iterator[tuple[str, bytes]]:
    """What is wrong, and the bytes."""
    good = records(30, now_ms)

    def one(body: bytes = good, count: int = 30, **said: object) -> bytes:
        return assembled(body, count, **{"base_ms": now_ms, **said})  # type: ignore[arg-type]

    yield "no bytes", b""
    yield "half a header", one()[:40]
    yield "half a batch", one()[:-5]
    yield "two batches", one() + one()
    yield "magic 1", one()[:16] + b"\x01" + one()[17:]
    yield "a wrong CRC", one()[:-1] + b"\x00"
    yield "a length that lies", one()[:8] + b"\x7f\xff\xff\xff" + one()[12:]
    yield "a negative length", one()[:8] + b"\xff\xff\xff\xff" + one()[12:]
    yield "garbage", one(b"\xff" * 300)
    yield "garbage in a small batch", one(b"\xff" * 30, 2)
    yield "zeros", one(b"\x00" * 300)
    yield "no records", one(b"", 30)
    yield "none at all", one(b"", 0, deltas=0)
    yield "a negative count", one(b"", -1, deltas=0)
    yield "more than it says", one(records(31, now_ms))
    yield "fewer than it says", one(records(29, now_ms))
    yield "a count of 2 thousand million", one(good, (1 << 31) - 1)
    yield "a count and last offset that differ", one(good, 30, deltas=3)
    yield "a negative last offset", one(good, 30, deltas=-7)
    yield "offsets that stand still", one(records(30, now_ms, step=0))
    yield "offsets that leap", one(records(30, now_ms, step=1_000_000))
    yield "offsets that go back", one(records(30, now_ms, at=29, step=-1))
    yield "offsets below the first", one(records(30, now_ms, at=-100))
    yield "a record longer than its batch", one(varint(1 << 28) + good)
    yield "a record with a negative length", one(varint(-(1 << 28)) + good)
    yield "a thousand million headers", one(varint(40) + b"\0\0\0\x01\x01" + varint(1 << 30) + good)
    yield "a header without a name", one(records(30, now_ms)[:-1] + b"\x02")
    for codec in (Compression.GZIP, Compression.SNAPPY, Compression.LZ4, Compression.ZSTD):
        packed = compress(codec, good)
        yield f"{codec.name} that is none", one(good, attributes=codec)
        yield f"{codec.name} cut", one(packed[: len(packed) // 2], attributes=codec)
        yield f"{codec.name} of garbage", one(compress(codec, b"\xff" * 300), attributes=codec)
        yield f"{codec.name} bomb", one(compress(codec, bytes(80 << 20))[: 900 << 10], attributes=codec)
        yield f"{codec.name} of too few", one(compress(codec, records(3, now_ms)), attributes=codec)
        yield f"{codec.name} that claims a million", one(packed, 1_000_000, attributes=codec)
        yield f"{codec.name} that claims more", one(packed, 1 << 30, attributes=codec)
    for codec in (5, 6, 7):
        yield f"codec {codec}", one(attributes=codec)
    yield "a control batch", one(attributes=CONTROL)
    yield "a transactional control batch", one(attributes=CONTROL | TRANSACTIONAL, producer=(1, 0, -1))
    yield "a transaction of nobody", one(attributes=TRANSACTIONAL)
    yield "a transaction of a producer nobody knows", one(attributes=TRANSACTIONAL, producer=(77, 0, 0))
    yield "all attributes", one(attributes=-1)
    yield "unknown attributes", one(attributes=0x7F80)
    yield "append time by the client", one(attributes=LOG_APPEND_TIME)
    yield "a delete horizon by the client", one(attributes=DELETE_HORIZON)
    yield "a producer without a sequence", one(producer=(9, 0, -1))
    yield "a producer with a negative epoch", one(producer=(9, -5, 0))
    yield "a negative producer with a sequence", one(producer=(-9, 3, 3))
    yield "a sequence at the end", one(producer=(9, 0, (1 << 31) - 1))
    yield "a sequence far away", one(producer=(9, 0, 1 << 30))
    yield "an epoch at the end", one(producer=((1 << 63) - 1, (1 << 15) - 1, 0))
    for time in (0, -1, -2, -(1 << 63), (1 << 63) - 1, now_ms + (1 << 40)):
        yield f"from time {time}", one(records(30, 0), base_ms=time)
        yield f"to time {time}", one(records(30, now_ms), max_ms=time)
    yield "a timestamp delta at the end", one(varint(15) + b"\0" + varint((1 << 63) - 1) + b"\0\x01\x01\0", 1)
    for birth in BIRTHS:
        headers = (Header("birth", birth), Header("source", birth), Header("birth", None))
        yield f"a birth {birth[:20]!r}", one(records(30, now_ms, headers=headers))
    mixed = b"".join(
        encode_record(Record(0, now_ms, b"k", b"v", (Header("birth", BIRTHS[at % len(BIRTHS)]),)), at, now_ms)
        for at in range(30)
    )
    yield "births of all kinds", one(mixed)
    torn = b"".join(
        encode_record(
            Record(0, now_ms, None, b"load:000000000000+ load:000000000000+" if at else b"",
                   (Header("birth", b"load:000000000000+0"),) if not at else ()), at, now_ms)
        for at in range(2)
    )  # fmt: skip
    yield "a torn load", one(torn, 2)


def random_batch(dice: random.Random, now_ms: int) -> bytes:
    """Anything may be wrong but the CRC."""
    body = bytearray(records(dice.randrange(1, 40), now_ms))
    for _ in range(dice.randrange(4)):
        body[dice.randrange(len(body))] = dice.randrange(256)
    codec = dice.choice(list(Compression))
    packed = bytearray(compress(codec, bytes(body)))
    for _ in range(dice.randrange(2)):
        packed[dice.randrange(len(packed))] = dice.randrange(256)
    count = dice.choice((1, 5, 30, 39, 40))
    attributes = codec | dice.choice((0, 0, 0, LOG_APPEND_TIME, TRANSACTIONAL, DELETE_HORIZON, 0x80))
    producer = dice.choice(((-1, -1, -1), (dice.randrange(5), 0, dice.randrange(50))))
    base = dice.choice((now_ms, now_ms, 0, -1, -(1 << 62)))
    data = assembled(bytes(packed), count, attributes=attributes, base_ms=base, producer=producer)
    assert len(data) >= HEADER_SIZE
    return data
