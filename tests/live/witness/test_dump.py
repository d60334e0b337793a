"""Apache Kafka's DumpLogSegments reads the folder that a served cluster of ours has written."""

import re
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer

from lab.cluster.spec import TopicSpec
from tests.disks.kept import kept
from tests.live.served import Served
from tests.live.witness.apache import java

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("kafka")]
PATIENCE_S = 30
RECORDS, ABORTED = 300, 5
SMALL = TopicSpec("orders", 1, 1, (("segment.bytes", "4000"), ("index.interval.bytes", "1000")))


@pytest.fixture(scope="module")
def partitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log directory of a broker that has ended cleanly: plain records, a transaction of each kind, a commit."""
    folder = tmp_path_factory.mktemp("data")
    with kept(folder, (SMALL,)) as cluster:
        _write(cluster)
    (found,) = folder.rglob("orders-0")
    return found.parent


def _write(cluster: Served) -> None:
    plain = Producer({"bootstrap.servers": cluster.addresses, "enable.idempotence": True, "batch.num.messages": 10})
    for number in range(RECORDS):
        plain.produce("orders", value=f"value {number}", key=f"key {number % 7}")
    assert plain.flush(PATIENCE_S) == 0
    writer = Producer({"bootstrap.servers": cluster.addresses, "transactional.id": "writer"})
    writer.init_transactions(PATIENCE_S)
    for end in (writer.abort_transaction, writer.commit_transaction):
        writer.begin_transaction()
        for number in range(ABORTED):
            writer.produce("orders", value=f"in a transaction {number}")
        assert writer.flush(PATIENCE_S) == 0
        end(PATIENCE_S)
    reader = Consumer({"bootstrap.servers": cluster.addresses, "group.id": "billing", "auto.offset.reset": "earliest"})
    reader.subscribe(["orders"])
    assert reader.consume(10, PATIENCE_S)
    reader.commit(asynchronous=False)
    reader.close()


def dumped(*files: Path, **options: str) -> str:
    asked = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value) if word]
    found = java("kafka.tools.DumpLogSegments", "--files", ",".join(map(str, files)), *asked)
    assert found.returncode == 0, found.stderr
    for word in ("Found", "Mismatches", "Non-consecutive"):  # of indexes that do not fit their log, and of gaps
        assert word not in found.stdout, found.stdout
    return found.stdout


def test_every_record_is_there_and_every_batch_is_sound(partitions: Path):
    logs = sorted((partitions / "orders-0").glob("*.log"))
    assert len(logs) > 2
    said = dumped(*logs, deep_iteration="", print_data_log="")
    assert len(re.findall(r"payload: value \d+", said)) == RECORDS
    assert len(re.findall(r"payload: in a transaction", said)) == 2 * ABORTED
    assert said.count("endTxnMarker: ABORT") == said.count("endTxnMarker: COMMIT") == 1
    assert "isvalid: false" not in said
    offsets = [int(one) for one in re.findall(r"\| offset: (\d+)", said)]
    assert offsets == list(range(len(offsets)))


def test_the_indexes_fit_their_logs(partitions: Path):
    folder = partitions / "orders-0"
    indexes = sorted(folder.glob("*.index"))
    assert indexes
    # Of a time index the tool opens the offset index beside it, which comes here with its first entry only.
    times = [one.with_suffix(".timeindex") for one in indexes]
    assert re.search(r"offset: \d+ position: [1-9]", dumped(*indexes))
    assert "passed sanity check" in dumped(*indexes, index_sanity_check="")
    assert re.search(r"timestamp: \d+ offset: \d+", dumped(*times))


def test_what_the_log_knows_of_its_producers(partitions: Path):
    folder = partitions / "orders-0"
    said = dumped(max(folder.glob("*.snapshot")))
    assert len(re.findall(r"producerId: \d+ producerEpoch: \d+", said)) == 2
    (aborted,) = [one for one in folder.glob("*.txnindex") if one.stat().st_size]
    assert re.search(r"producerId: \d+ firstOffset: \d+ lastOffset: \d+ lastStableOffset: \d+", dumped(aborted))


def test_groups_and_transactions_in_kafkas_own_words(partitions: Path):
    groups = [one for one in partitions.rglob("__consumer_offsets-*/*.log") if one.stat().st_size]
    said = dumped(*groups, offsets_decoder="")
    assert re.search(r'"group":"billing","topic":"orders","partition":0', said)
    assert '"protocolType":"consumer"' in said
    writers = [one for one in partitions.rglob("__transaction_state-*/*.log") if one.stat().st_size]
    said = dumped(*writers, transaction_log_decoder="")
    assert re.search(r"transactionalId=writer.*state=PrepareAbort", said)
    assert re.search(r"transactionalId=writer.*state=CompleteCommit", said)
