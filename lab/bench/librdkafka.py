"""Librdkafka: the C client that benchmarks drive brokers with, in a process of its own.

It is the library inside the wheel of confluent-kafka, called through ctypes a thousand records at a time: a loop in
Python would measure itself. What it prints is one line of JSON.
"""

import argparse
import ctypes
import importlib
import json
import sys
import time
from collections.abc import Sequence
from ctypes import c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p, cast
from pathlib import Path
from typing import Any

AT_ONCE = 1_000
COPY, BLOCK = 0x2, 0x4
PARTITION_UNASSIGNED = -1
BEGINNING = -2
PATIENCE_MS = 60_000


class Message(ctypes.Structure):
    """`rd_kafka_message_t`."""

    _fields_ = (
        ("err", c_int), ("rkt", c_void_p), ("partition", c_int32), ("payload", c_void_p), ("len", c_size_t),
        ("key", c_void_p), ("key_len", c_size_t), ("offset", c_int64), ("_private", c_void_p),
    )  # fmt: skip


def library() -> Path | None:
    """The shared library of the wheel; None where it is not installed."""
    for folder in map(Path, sys.path):
        found = sorted(folder.glob("confluent_kafka.libs/librdkafka*.so*"))
        if found:
            return found[0]
    return None


class Librdkafka:
    """One client."""

    def __init__(self, kind: int, settings: dict[str, str]) -> None:
        found = library()
        assert found is not None, "confluent-kafka is not installed"
        self.lib = ctypes.CDLL(str(found))
        for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_topic_new"):
            getattr(self.lib, name).restype = c_void_p
        conf = c_void_p(self.lib.rd_kafka_conf_new())
        wrong = ctypes.create_string_buffer(512)
        for key, value in settings.items():
            if self.lib.rd_kafka_conf_set(conf, key.encode(), value.encode(), wrong, 512):
                raise ValueError(wrong.value.decode())
        self.client = c_void_p(self.lib.rd_kafka_new(kind, conf, wrong, 512))
        if not self.client:
            raise ValueError(wrong.value.decode())

    def topic(self, name: str) -> c_void_p:
        """A handle for a topic."""
        return c_void_p(self.lib.rd_kafka_topic_new(self.client, c_char_p(name.encode()), None))

    def waiting(self) -> int:
        """What has not been acknowledged."""
        return int(self.lib.rd_kafka_outq_len(self.client))

    def poll(self, timeout_ms: int) -> None:
        """Serve the client's callbacks."""
        self.lib.rd_kafka_poll(self.client, timeout_ms)


def produce(address: str, topic: str, records: int, size: int, settings: dict[str, str], pace: int = 0) -> float:
    """Seconds until all are acknowledged; at most `pace` a second are sent (0: as fast as they are taken)."""
    base = {"bootstrap.servers": address, "queue.buffering.max.messages": "1000000", "acks": "1"}
    client = Librdkafka(0, {**base, **settings})
    handle = client.topic(topic)
    value = ctypes.create_string_buffer(b"x" * size, size)
    batch = (Message * AT_ONCE)()
    for one in batch:
        one.payload, one.len = cast(value, c_void_p), size
    begun = time.perf_counter()
    left = records
    while left:
        if pace:
            time.sleep(max(0.0, begun + (records - left) / pace - time.perf_counter()))
        wanted = min(AT_ONCE, left)
        taken = client.lib.rd_kafka_produce_batch(handle, PARTITION_UNASSIGNED, COPY | BLOCK, batch, wanted)
        left -= taken
        client.poll(0)
        if taken < wanted:
            client.poll(1)
    client.lib.rd_kafka_flush(client.client, PATIENCE_MS)
    assert not client.waiting(), f"{client.waiting()} records not acknowledged"
    return time.perf_counter() - begun


def consume(address: str, topic: str, partitions: int, records: int, settings: dict[str, str]) -> float:
    """Seconds from the first record to the last of so many. The library counts them, and gives each to a function of
    its own before it frees it: one call from Python a record took longer than all else. It counts the barrier, too,
    that it puts in the queue when it begins, half a second before it knows the leader; so the first record is taken by
    a call that steps over that. An error would count as a record; a broker that serves what is asked of it causes none.
    """
    base = {"bootstrap.servers": address, "queued.min.messages": "1000000", "fetch.queue.backoff.ms": "1"}
    client = Librdkafka(1, {**base, **settings})
    lib = client.lib
    lib.rd_kafka_queue_new.restype = c_void_p
    queue = c_void_p(lib.rd_kafka_queue_new(client.client))
    handle = client.topic(topic)
    lib.rd_kafka_consume_start_queue.argtypes = (c_void_p, c_int32, c_int64, c_void_p)
    for partition in range(partitions):
        lib.rd_kafka_consume_start_queue(handle, partition, BEGINNING, queue)
    lib.rd_kafka_consume_queue.restype = c_void_p
    first = c_void_p(lib.rd_kafka_consume_queue(queue, c_int(PATIENCE_MS)))
    assert first, "no record was read"
    lib.rd_kafka_message_destroy(first)
    lib.rd_kafka_consume_callback_queue.argtypes = (c_void_p, c_int, c_void_p, c_void_p)
    look = cast(lib.rd_kafka_message_errstr, c_void_p)
    seen, begun = 1, time.perf_counter()
    while seen < records:
        seen += lib.rd_kafka_consume_callback_queue(queue, 100, look, None)
        assert time.perf_counter() - begun < PATIENCE_MS / 1_000, f"{seen} of {records} records read"
    return time.perf_counter() - begun


def create(address: str, topic: str, partitions: int, replicas: int, settings: dict[str, str]) -> float:
    """Seconds until there is a topic, by the administrator's client of the same wheel."""
    admin: Any = importlib.import_module("confluent_kafka.admin")
    new: Any = importlib.import_module("confluent_kafka.cimpl").NewTopic
    begun = time.perf_counter()
    client = admin.AdminClient({"bootstrap.servers": address, **settings})
    for made in client.create_topics([new(topic, partitions, replicas)]).values():
        made.result(PATIENCE_MS // 1_000)
    return time.perf_counter() - begun


def mock(brokers: int, topics: dict[str, int]) -> None:
    """Librdkafka's own mock cluster with these topics (name, partitions): it answers no CreateTopics. Until standard
    input ends; prints its address.
    """
    client = Librdkafka(0, {"client.id": "mock"})
    lib = client.lib
    lib.rd_kafka_mock_cluster_new.restype = c_void_p
    cluster = c_void_p(lib.rd_kafka_mock_cluster_new(client.client, brokers))
    for name, partitions in topics.items():
        lib.rd_kafka_mock_topic_create(cluster, c_char_p(name.encode()), partitions, 1)
    lib.rd_kafka_mock_cluster_bootstraps.restype = c_char_p
    print("ready", lib.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)
    sys.stdin.read()
    lib.rd_kafka_mock_cluster_destroy(cluster)


RUN = {"produce": produce, "consume": consume, "create": create}


def main(arguments: Sequence[str]) -> None:
    """`produce ADDRESS TOPIC RECORDS SIZE`, `consume ADDRESS TOPIC PARTITIONS RECORDS`, `create ADDRESS TOPIC
    PARTITIONS REPLICAS`, `mock BROKERS TOPIC=PARTITIONS …`.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=(*RUN, "mock"))
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--pace", type=int, default=0, help="records a second, of `produce`")
    given = parser.parse_args(arguments)
    settings = dict(one.split("=", 1) for one in given.set)
    if given.what == "mock":
        named = (one.rpartition("=") for one in given.rest[1:])
        mock(int(given.rest[0]), {name: int(partitions) for name, _, partitions in named})
        return
    address, topic, first, second = given.rest
    spent = time.process_time()
    paced = {"pace": given.pace} if given.pace else {}
    seconds = RUN[given.what](address, topic, int(first), int(second), settings, **paced)
    print(json.dumps({"seconds": seconds, "cpu_s": time.process_time() - spent}))


if __name__ == "__main__":
    main(sys.argv[1:])
