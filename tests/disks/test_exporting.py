"""The disks of a simulated cluster leave the world as folders, and come back."""

import json
import re
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from lab.cluster.build import build, build_unwatched
from lab.cluster.lookup.parts import replica_at
from lab.cluster.refused import Refused
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ProducerSpec, TopicSpec, TransactionSpec
from lab.command import command_line
from lab.disks.exporting import copy, export_cluster, export_disk, import_disk
from lab.disks.file_disk import FileDisk
from lab.env import seconds
from lab.kafka.log.unified_log import read_all
from lab.world.disk import HostDisk, SimDisk
from lab.world.world import EPOCH_MS
from tests.disks.kept import kept

SMALL = (("segment.bytes", "16384"),)
BUSY = ClusterSpec(
    seed=5,
    brokers=3,
    topics=(TopicSpec("orders", 2, 3, SMALL), TopicSpec("paid", 1, 3)),
    producers=(
        ProducerSpec("shop", "orders", rate=200, config=(("compression.type", "snappy"),)),
        ProducerSpec(
            "till", "paid", rate=50, config=(("transactional.id", "till"),),
            transaction=TransactionSpec(commit_every=10, abort_every=3),
        ),
    ),
)  # fmt: skip


def contents(disk: HostDisk) -> dict[str, bytes]:
    return {path: disk.read(path, 0, disk.size(path)) for path in disk.list("")}


def test_a_disk_that_was_exported_and_imported_is_the_same(tmp_path: Path):
    world = build(BUSY)
    world.run_until(seconds(20))
    before = contents(world.hosts["broker-2"].disk)
    size = export_disk(world, "broker-2", tmp_path / "broker-2", "some-cluster")
    back = import_disk(tmp_path / "broker-2")
    found = contents(back)
    assert found.pop("meta.properties")
    assert found == before
    assert size == sum(map(len, before.values()))
    assert len([path for path in before if path.startswith("logs/orders-0/") and path.endswith(".log")]) > 1
    assert any(path.endswith(".txnindex") for path in before)


def test_a_cluster_goes_on_from_its_exported_disks_in_another_simulation(tmp_path: Path):
    world = build(BUSY)
    world.run_until(seconds(20))
    end = replica_at(world, "orders-0", "broker-1").log.log_end_offset
    export_cluster(world, BUSY, tmp_path / "disks")

    def imported(node: str) -> SimDisk:
        return import_disk(tmp_path / "disks" / node)

    later = build_unwatched(ClusterSpec(seed=6, brokers=3), imported, EPOCH_MS + 3_600_000)
    logs = [replica_at(later, "orders-0", f"broker-{number}").log for number in (1, 2, 3)]
    assert {log.log_end_offset for log in logs} == {end}
    assert {log.high_watermark for log in logs} == {end}
    one, two, three = ([batch.data for batch in read_all(log)] for log in logs)
    assert one == two == three


@pytest.mark.parametrize(("controllers", "combined"), [(1, False), (3, False), (3, True)])
def test_real_clients_read_what_simulated_ones_wrote(tmp_path: Path, controllers: int, combined: bool):
    spec = ClusterSpec(
        brokers=3, controllers=controllers, combined=combined, topics=(TopicSpec("orders", 1, 3),),
        producers=(ProducerSpec("shop", "orders", rate=100, count=300),),
    )  # fmt: skip
    world = build(spec)
    world.run_until(seconds(10))
    export_cluster(world, spec, tmp_path / "disks")
    with kept(tmp_path / "disks", log_retention_ms="-1") as cluster:
        consumer = Consumer({"bootstrap.servers": cluster.addresses, "group.id": "g", "log_level": 2})
        consumer.assign([TopicPartition("orders", 0, OFFSET_BEGINNING)])
        offsets: list[int | None] = []
        while len(offsets) < 300 and (message := consumer.poll(30)) is not None:
            assert not message.error()
            offsets.append(message.offset())
        consumer.close()
    assert offsets == list(range(300))


def test_what_is_exported_is_what_a_crash_would_leave_and_no_clean_end(tmp_path: Path):
    world = build(BUSY)
    world.run_until(seconds(5))
    export_cluster(world, BUSY, tmp_path / "disks")
    assert not (tmp_path / "disks" / "broker-1" / ".kafka_cleanshutdown").exists()
    found = sorted(one.name for one in (tmp_path / "disks").iterdir())
    assert found == ["broker-1", "broker-2", "broker-3", "controller-1", "streaming-lab.json"]


def test_only_an_empty_folder_is_exported_to(tmp_path: Path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(Refused, match=r"wanted an empty folder to export to, found thesis\.tex"):
        export_cluster(build(BUSY), BUSY, tmp_path)


def test_a_session_is_exported_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    session = Session(BUSY)
    session.run_to(seconds(6))
    session.save(tmp_path / "yesterday.json")
    line = ["logs", str(tmp_path / "yesterday.json"), "--export", str(tmp_path / "disks"), "--at", "4", "--json"]
    assert command_line.main(line) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert not [one for one in said if one["kind"] == "problem"]
    session.seek(seconds(4))
    records = sum(
        batch.record_count
        for name in ("orders-0", "orders-1", "paid-0")
        for batch in read_all(replica_at(session.world, name, "broker-1").log)
    )
    folder = re.compile(r"broker-1/(orders|paid)-\d")
    at, found = "", 0
    for one in said:
        at = one["path"] if one["kind"] == "folder" else at
        found += one["kind"] == "record" and folder.search(at) is not None
    assert found == records > 0


def test_files_are_copied_whole_whatever_their_size(tmp_path: Path):
    source, target = SimDisk(), FileDisk(tmp_path)
    for number in range(300):
        source.append(f"logs/orders-0/{0:020d}.log", bytes([number % 256]) * 1_000)
    copy(source, target)
    assert contents(target) == contents(source)
    assert target.flushed(f"logs/orders-0/{0:020d}.log") == 300_000
