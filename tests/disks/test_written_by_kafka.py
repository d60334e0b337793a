"""A log directory that Apache Kafka 4.0.0 has written: shown without a problem, and opened by our log code."""

from pathlib import Path

import pytest

from lab.disks.exporting import import_disk
from lab.disks.found import Batch, Folder, OneRecord, Problem, Table, Values
from lab.disks.reading import read
from lab.kafka.config.topic import TopicConfig
from lab.kafka.log.loader import load_log
from lab.kafka.log.unified_log import read_all
from lab.kafka.protocol.topics import TopicPartition

WRITTEN = Path(__file__).parent / "written_by_kafka"
PAID, CODECS = TopicPartition("paid", 0), TopicPartition("codecs", 0)


def test_it_is_shown_without_a_problem():
    found = list(read(WRITTEN))
    assert not [str(one) for one in found if isinstance(one, Problem)]
    assert [one.what for one in found if isinstance(one, Folder)] == [
        "a log directory", "partition 0 of __cluster_metadata", "partition 3 of __consumer_offsets",
        "partition 17 of __transaction_state", "partition 0 of codecs", "partition 0 of paid",
    ]  # fmt: skip
    meta = next(one for one in found if isinstance(one, Values) and one.path.endswith("meta.properties"))
    assert dict(meta.values)["node.id"] == "1"
    state = next(one for one in found if isinstance(one, Values) and one.path.endswith("quorum-state"))
    assert dict(state.values)["leaderId"] == 1
    ends = next(one for one in found if isinstance(one, Table) and one.path.endswith("replication-offset-checkpoint"))
    assert ("codecs", 0, 45) in ends.rows


def test_all_five_codecs_are_read():
    found = list(read(WRITTEN / "codecs-0"))
    assert {one.codec for one in found if isinstance(one, Batch)} == {"none", "gzip", "snappy", "lz4", "zstd"}
    records = [one for one in found if isinstance(one, OneRecord)]
    assert [one.offset for one in records] == list(range(45))
    for one in records:
        if one.key == b"gone":
            assert one.value is None
        else:
            ((_, codec),) = one.headers
            assert codec is not None
            assert (one.value or b"").startswith(codec)


def test_transactions_and_their_markers_are_read():
    found = list(read(WRITTEN / "paid-0"))
    batches = [one for one in found if isinstance(one, Batch)]
    assert {one.transactional for one in batches} == {True}
    said = [one.control for one in found if isinstance(one, OneRecord) if one.control]
    assert len(said) == sum(one.control for one in batches)
    assert set(said) <= {"ABORT, coordinator epoch 0", "COMMIT, coordinator epoch 0"}
    (snapshot,) = [one for one in found if isinstance(one, Table) and one.path.endswith(".snapshot")]
    assert [row[0] for row in snapshot.rows] == [5], "the transactional producer, and its last batch"


@pytest.mark.parametrize(("partition", "end"), [(CODECS, 45), (PAID, 52)])
@pytest.mark.parametrize("clean", [True, False])
def test_our_log_code_opens_what_kafka_has_written(partition: TopicPartition, end: int, clean: bool):
    disk = import_disk(WRITTEN)
    path = f"logs/{partition}/{0:020d}.log"
    before = disk.read(path, 0, disk.size(path))
    log = load_log(disk, partition, TopicConfig({}), 1_800_000_000_000, clean=clean, high_watermark=end)
    assert (log.log_start_offset, log.high_watermark, log.log_end_offset) == (0, end, end)
    assert b"".join(batch.data for batch in read_all(log)) == before
    assert log.last_stable_offset == end, "no transaction is open"
