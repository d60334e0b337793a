"""Reference: the page `docs/protocol.md`, made from the APIs.

To write it anew: `python3 -c "from lab.kafka.protocol.reference import page; print(page(), end='')" > docs/protocol.md`
"""

from collections.abc import Iterator

from lab.kafka.protocol.apis import APIS
from lab.kafka.protocol.schema import LATEST, Api, Versions

HEAD = """# What real clients can ask

Every API that a served cluster (`lab serve`) speaks, in which versions, and what it leaves out. *Said to be held* is
what ApiVersions tells where that is more than the truth: librdkafka concluded from Produce 0 that compression works
(KAFKA-18659). A request of any other API or version closes the connection, as Kafka does.

Of all versions every message is compared byte for byte with the codecs of `kio` and of kafka-python, where they know
it. What a field means is in Kafka's own
[description of the protocol](https://kafka.apache.org/40/design/protocol/).

| key | API | held | said to be held | Apache Kafka 4.0 | left out |
|---:|---|---|---|---|---|
"""
TAIL = """
Left out everywhere: throttling (`throttle_time_ms` is always 0). How answers compare with those of Apache Kafka, field
by field: [witness.md](witness.md).
"""
KAFKA = {
    0: "3-12", 1: "4-17", 2: "1-10", 3: "0-13", 8: "2-9", 9: "1-9", 10: "0-6", 11: "0-9", 12: "0-4", 13: "0-5",
    14: "0-5", 15: "0-6", 16: "0-5", 17: "0-1", 18: "0-4", 19: "2-7", 20: "1-6", 21: "0-2", 22: "0-5",
    23: "2-4", 24: "0-5", 25: "0-4", 26: "0-5", 27: "1", 28: "0-5", 29: "1-3",
    30: "1-3", 31: "1-3", 32: "1-4", 33: "0-2", 35: "1-4", 36: "0-2",
    37: "0-3", 42: "0-2", 43: "0-2", 44: "0-1", 45: "0", 46: "0", 47: "0", 55: "0-2", 60: "0-2", 61: "0",
    65: "0", 66: "0-1", 68: "0-1", 69: "0-1", 75: "0", 76: "0", 77: "0", 78: "0", 79: "0",
    90: "", 91: "", 92: "",
}  # fmt: skip
"""The versions of Apache Kafka 4.0. Share groups were a preview there; version 1 of them, and their offsets, came with
4.1.
"""
LEFT_OUT = {
    0: "several batches for one partition",
    3: "the top-level error of version 13, which is for rebootstrapping",
    16: "the error while a coordinator loads",
    19: "the time-out: the controller decides at once",
    20: "the time-out",
    24: "versions 4 and 5, which are for brokers",
    33: "resources other than topics and brokers",
    35: "the size of the disk",
    43: "the time-out",
    55: "the addresses of the voters",
    60: "version 2, which tells of fenced brokers; the controllers' endpoints",
    66: "patterns",
    69: "`rack_id`",
    77: "`rack_id`; version 0",
    76: "`rack_id`; version 0",
    78: "`min_bytes` and `batch_size`, the addresses of new leaders; version 0",
    79: "version 0",
}


def page() -> str:
    """All of it."""
    return HEAD + "\n".join(_rows()) + "\n" + TAIL


def _rows() -> Iterator[str]:
    for one in APIS.values():
        told = _range(one.advertised) if one.advertised != one.versions else ""
        yield (
            f"| {one.key} | {one.name} | {_range(one.versions)}{_notes(one)} | {told} | {KAFKA[one.key]} | "
            f"{LEFT_OUT.get(one.key, '')} |"
        )


def _notes(one: Api) -> str:
    first = max(one.by_topic_id.first, one.versions.first)
    if one.by_topic_id.last < LATEST:
        return ""
    return ", topics by id" if first == one.versions.first else f", topics by id from {first}"


def _range(versions: Versions) -> str:
    return f"{versions.first}" if versions.first == versions.last else f"{versions.first}-{versions.last}"
