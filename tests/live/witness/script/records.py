"""Records: produced, fetched, found by time, deleted."""

from typing import Any
from uuid import UUID

from tests.live.witness.batches import TRANSACTIONAL, batch, values, with_a_wrong_crc
from tests.live.witness.script.topics import make
from tests.live.witness.talk import Talk

EARLIEST, LATEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED = -2, -1, -3, -4, -5
HOUR_MS = 3_600_000


def sent(name: str, data: bytes | None, partition: int = 0, *, acks: int = -1, **more: Any) -> dict[str, Any]:
    one = {"name": name, "partition_data": [{"index": partition, "records": data}]}
    return {"acks": acks, "timeout": 5_000, "topic_data": [one], **more}


def asked(name: str, topic_id: str, offset: int, partition: int = 0, **more: Any) -> dict[str, Any]:
    """A fetch of one partition by name and by id; each version takes what it has."""
    limits = {"max_wait": 0, "min_bytes": 1, "max_bytes": 1 << 20, "session_epoch": -1}
    inner = {"partition": partition, "fetch_offset": offset, "partition_max_bytes": 1 << 20}
    inner |= {
        key: more.pop(key)
        for key in ("current_leader_epoch", "last_fetched_epoch", "partition_max_bytes")
        if key in more
    }
    return {**limits, "topics": [{"topic": name, "topic_id": UUID(topic_id), "partitions": [inner]}], **more}


def produce(talk: Talk) -> None:
    name = talk.name("produced")
    make(talk, name)
    now = talk.now_ms
    one = batch(values("one"), now)

    def send(case: str, data: bytes | None, topic: str = name, **more: Any) -> None:
        talk.ask("produce", case, **sent(topic, data, **more))

    send("acks all", one)
    send("acks 1", batch(values("one", "two"), now), acks=1)
    send("acks 2", one, acks=2)
    talk.ask("produce", "acks 0", patience_s=1, **sent(name, one, acks=0))
    talk.ask("produce", "acks 0 to an unknown topic", patience_s=1, **sent(talk.name("nobody"), one, acks=0))
    send("an unknown topic", one, talk.name("nobody"))
    send("an unknown partition", one, partition=7)
    send("a partition below 0", one, partition=-1)
    send("an internal topic", one, "__consumer_offsets")
    send("a bad name", one, "a b")
    send("no records", None)
    send("no bytes", b"")
    send("half a batch", one[:-3])
    send("half a head", one[:40])
    send("a wrong CRC", with_a_wrong_crc(one))
    send("a batch without records", batch([], now))
    send("a count that is wrong", batch(values("one", "two"), now, count=3))
    send("magic 1", one[:16] + b"\x01" + one[17:])
    send("magic 3", one[:16] + b"\x03" + one[17:])
    send("an unknown codec", batch(values("one"), now, attributes=7))
    send("gzip that is none", batch(values("one"), now, attributes=1))
    send("a control batch", batch(values("one"), now, attributes=1 << 5))
    send("a transactional batch without an id", batch(values("one"), now, producer=(1, 0, 0), attributes=TRANSACTIONAL))
    send("a batch too large", batch([(b"k", b"x" * 1_100_000)], now))
    send("two batches", one + one)
    send("an old date", batch(values("one"), 1_000))
    send("a date of two hours from now", batch(values("one"), now + 2 * HOUR_MS))
    send("a date below 0", batch(values("one"), -1))
    small, compacted, dated = (talk.name(one) for one in ("small", "compacted", "dated"))
    make(talk, small, max_message_bytes="100")
    send("beyond max.message.bytes", batch([(b"k", b"x" * 200)], now), small)
    make(talk, compacted, cleanup_policy="compact")
    send("no key in a compacted topic", batch([(b"k", b"v"), (None, b"v")], now), compacted)
    send("a key in a compacted topic", one, compacted)
    make(talk, dated, message_timestamp_type="LogAppendTime")
    send("a topic with the broker's dates", one, dated)
    strict = talk.name("strict")
    make(talk, strict, message_timestamp_before_max_ms="60000", message_timestamp_after_max_ms="60000")
    send("before what may be", batch(values("one"), now - HOUR_MS), strict)
    send("after what may be", batch(values("one"), now + HOUR_MS), strict)
    demanding = talk.name("demanding")
    make(talk, demanding, min_insync_replicas="2")
    send("too few in sync, acks all", one, demanding)
    send("too few in sync, acks 1", one, demanding, acks=1)


def idempotence(talk: Talk) -> None:
    name = talk.name("idempotent")
    make(talk, name)
    told = talk.settled("init_producer_id", "an idempotent producer", transactional_id=None, transaction_timeout=60_000)
    producer, epoch = told["producer_id"], told["producer_epoch"]

    def send(case: str, sequence: int, *words: str, epoch: int = epoch) -> None:
        data = batch(values(*words), talk.now_ms, producer=(producer, epoch, sequence))
        talk.ask("produce", f"idempotent: {case}", **sent(name, data))

    send("the first", 0, "a", "b")
    send("the second", 2, "c")
    send("the second again", 2, "c")
    send("the first again", 0, "a", "b")
    send("a gap", 7, "d")
    send("an overlap", 1, "b", "c", "d")
    for sequence in range(3, 9):
        send(f"number {sequence}", sequence, "x")
    send("one that is too old to be known", 0, "a", "b")
    send("a newer epoch that does not begin at 0", 9, "x", epoch=epoch + 1)
    send("a newer epoch", 0, "x", epoch=epoch + 1)
    send("an older epoch", 9, "x")
    data = batch(values("x"), talk.now_ms, producer=(1_000_000, 0, 5))
    talk.ask("produce", "idempotent: an unknown producer in the middle", **sent(name, data))
    data = batch(values("x"), talk.now_ms, producer=(producer, -1, 0))
    talk.ask("produce", "idempotent: an epoch of -1", **sent(name, data))
    data = batch(values("x"), talk.now_ms, producer=(producer, epoch + 1, -1))
    talk.ask("produce", "idempotent: a sequence of -1", **sent(name, data))
    for sequence in (0, 5):
        data = batch(values("x"), talk.now_ms, producer=(-1, -1, sequence))
        talk.ask("produce", f"idempotent: nobody's sequence {sequence}", **sent(name, data))
    wanted = [{"name": name, "partition_indexes": [0]}]
    talk.ask("describe_producers", "a partition", topics=wanted)
    talk.ask("describe_producers", "an unknown partition", topics=[{"name": name, "partition_indexes": [7]}])
    talk.ask("describe_producers", "an unknown topic", topics=[{"name": talk.name("nobody"), "partition_indexes": [0]}])


def fetch(talk: Talk) -> None:
    name = talk.name("fetched")
    known = make(talk, name, 2)
    for word in ("one", "two", "three"):
        talk.settled("produce", "", **_by_id(sent(name, batch(values(word), talk.now_ms)), known))

    def read(case: str, offset: int = 0, topic: str = name, number: str = known, **more: Any) -> Any:
        return talk.ask("fetch", case, **asked(topic, number, offset, **more))

    read("from the beginning")
    read("from the middle", 1)
    read("at the end", 3)
    read("beyond the end", 4)
    read("below 0", -1)
    read("another partition, empty", 0, partition=1)
    read("an unknown partition", 0, partition=7)
    read("an unknown topic", 0, talk.name("nobody"), "00000000-0000-0000-0000-0000000000ff")
    read("one byte", max_bytes=1, partition_max_bytes=1)
    read("one batch and a half", partition_max_bytes=110)
    read("no bytes", partition_max_bytes=0)
    read("max_bytes of 0", max_bytes=0)
    read("only what is committed", isolation_level=1)
    read("an unknown isolation level", isolation_level=7)
    read("min_bytes that come late", 3, min_bytes=1_000, max_wait=200)
    read("max_wait below 0", 3, max_wait=-1)
    if not talk.lowest:
        read("a newer leader epoch", current_leader_epoch=5)
        read("an older leader epoch", current_leader_epoch=-1)
        read("a diverging epoch", 3, last_fetched_epoch=5)
        first = read("a session begins", session_epoch=0)
        session = first["session_id"]
        nothing = {"max_wait": 0, "min_bytes": 0, "max_bytes": 1 << 20, "topics": []}
        talk.ask("fetch", "an increment", **nothing, session_id=session, session_epoch=1)
        talk.ask("fetch", "an increment with the wrong epoch", **nothing, session_id=session, session_epoch=7)
        forgotten = [{"topic": name, "topic_id": UUID(known), "partitions": [0]}]
        talk.ask("fetch", "a partition forgotten", **nothing, session_id=session, session_epoch=2,
                 forgotten_topics_data=forgotten)  # fmt: skip
        talk.ask("fetch", "an unknown session", **nothing, session_id=12_345, session_epoch=1)
        talk.ask("fetch", "a session ends", **nothing, session_id=session, session_epoch=-1)
        talk.ask("fetch", "a session that has ended", **nothing, session_id=session, session_epoch=3)
        talk.ask("fetch", "nothing, without a session", **nothing, session_id=0, session_epoch=-1)


def _by_id(request: dict[str, Any], topic_id: str) -> dict[str, Any]:
    return {**request, "topic_data": [{**one, "topic_id": UUID(topic_id)} for one in request["topic_data"]]}


def offsets(talk: Talk) -> None:
    name = talk.name("dated-records")
    known = make(talk, name, 2)
    for age in (3_000, 1_000, 2_000):
        data = batch(values("x"), talk.now_ms - age)
        talk.settled("produce", "", **_by_id(sent(name, data), known))

    def find(case: str, timestamp: int, topic: str = name, partition: int = 0, **more: Any) -> None:
        inner = {"partition_index": partition, "timestamp": timestamp, **more}
        talk.ask("list_offsets", case, replica_id=-1, topics=[{"name": topic, "partitions": [inner]}], timeout=5_000)

    find("earliest", EARLIEST)
    find("latest", LATEST)
    find("by time", talk.now_ms - 2_500)
    find("exactly a record's time", talk.now_ms - 1_000)
    find("later than all", talk.now_ms)
    find("time 0", 0)
    find("latest of an empty partition", LATEST, partition=1)
    find("by time in an empty partition", 5, partition=1)
    find("an unknown topic", LATEST, talk.name("nobody"))
    find("an unknown partition", LATEST, partition=7)
    if not talk.lowest:
        find("max timestamp", MAX_TIMESTAMP)
        find("max timestamp of an empty partition", MAX_TIMESTAMP, partition=1)
        find("earliest local", EARLIEST_LOCAL)
        find("latest tiered", LATEST_TIERED)
        find("an unknown special time", -9)
        find("a newer leader epoch", LATEST, current_leader_epoch=5)

    def end(case: str, epoch: int, topic: str = name, partition: int = 0, current: int = -1) -> None:
        inner = {"partition": partition, "current_leader_epoch": current, "leader_epoch": epoch}
        talk.ask("offset_for_leader_epoch", case, replica_id=-1, topics=[{"topic": topic, "partitions": [inner]}])

    end("the current epoch", 0)
    end("a later epoch", 5)
    end("an epoch of -1", -1)
    end("a newer current epoch", 0, current=5)
    end("an unknown topic", 0, talk.name("nobody"))
    end("an unknown partition", 0, partition=7)

    def delete(case: str, offset: int, topic: str = name, partition: int = 0) -> None:
        inner = {"partition_index": partition, "offset": offset}
        talk.ask("delete_records", case, topics=[{"name": topic, "partitions": [inner]}], timeout=5_000)

    delete("below 2", 2)
    delete("below what is gone", 1)
    delete("beyond the end", 9)
    delete("below -2", -2)
    delete("all", -1)
    delete("an unknown topic", 1, talk.name("nobody"))
    delete("an unknown partition", 1, partition=7)
    compacted = talk.name("kept")
    make(talk, compacted, cleanup_policy="compact")
    delete("of a compacted topic", 0, compacted)
    talk.ask("fetch", "what was deleted", **asked(name, known, 0))
    find("earliest after all are deleted", EARLIEST)


PARTS = (produce, idempotence, fetch, offsets)
