"""The folder of a served cluster: whose it is, who may serve it, and that everything in it is there next time."""

import errno
import json
import os
import re
import sys
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_STORED, Consumer, Producer, TopicPartition

from lab.cluster.actions.machines import Crash
from lab.cluster.refused import Refused
from lab.cluster.spec import TopicSpec
from lab.command import command_line
from lab.disks.data_folder import CLUSTER_FILE, DataFolder, read_properties
from lab.env import seconds
from lab.live.unrecorded import Unrecorded
from tests.disks.kept import ORDERS, kept
from tests.live.served import Served

PATIENCE_S = 30


def produced(cluster: Served, *values: str, **settings: object) -> list[int]:
    """The offsets in partition 0 at which they were acknowledged."""
    producer = Producer({"bootstrap.servers": cluster.addresses, "client.id": "shop", **settings})
    offsets: list[int] = []
    for value in values:
        producer.produce(
            "orders", value=value, partition=0, on_delivery=lambda _, sent: offsets.append(sent.offset() or 0)
        )
    assert producer.flush(PATIENCE_S) == 0
    return offsets


def consumed(cluster: Served, count: int) -> list[str]:
    """The next records behind what the group `billing` has committed; then it commits again."""
    consumer = Consumer({
        "bootstrap.servers": cluster.addresses, "group.id": "billing", "auto.offset.reset": "earliest",
        "enable.auto.commit": False, "log_level": 2,
    })  # fmt: skip
    consumer.assign([TopicPartition("orders", 0, OFFSET_STORED)])
    found: list[str] = []
    while len(found) < count:
        message = consumer.poll(PATIENCE_S)
        assert message is not None, f"{count} records wanted, {len(found)} came"
        assert not message.error()
        found.append((message.value() or b"").decode())
    consumer.commit(asynchronous=False)
    consumer.close()
    return found


# --- everything is there next time ----------------------------------------------------------------


def test_topics_records_and_what_groups_have_committed_are_there_after_a_restart(tmp_path: Path):
    with kept(tmp_path, (ORDERS,)) as cluster:
        assert produced(cluster, "a", "b", "c") == [0, 1, 2]
        assert consumed(cluster, 2) == ["a", "b"]
    assert (tmp_path / "broker-1" / ".kafka_cleanshutdown").exists()
    with kept(tmp_path) as cluster:
        assert consumed(cluster, 1) == ["c"]
        assert produced(cluster, "d") == [3]
        assert consumed(cluster, 1) == ["d"]


def test_a_replica_whose_broker_was_down_is_fed_by_the_others_at_the_next_start(tmp_path: Path):
    with kept(tmp_path, (TopicSpec("orders", 1, 3),), brokers=3) as cluster:
        assert produced(cluster, "a", "b", acks="all") == [0, 1]
        cluster.do(Crash("broker-2"))
        assert produced(cluster, "c", acks="all") == [2]
    with kept(tmp_path) as cluster:
        assert produced(cluster, "d", acks="all") == [3]
    logs = [(tmp_path / f"broker-{one}" / "orders-0" / f"{0:020d}.log").read_bytes() for one in (1, 2, 3)]
    assert logs[0] == logs[1] == logs[2] != b""


def test_the_date_is_the_one_outside(tmp_path: Path):
    with kept(tmp_path, (ORDERS,)) as cluster:
        produced(cluster, "a")
        consumer = Consumer({"bootstrap.servers": cluster.addresses, "group.id": "g"})
        consumer.assign([TopicPartition("orders", 0, 0)])
        message = consumer.poll(PATIENCE_S)
        consumer.close()
        assert message is not None
        assert abs(message.timestamp()[1] - cluster.owner.world.epoch_ms - cluster.owner.now // 1_000) < 60_000


def test_a_disk_that_cannot_be_written_stops_the_cluster_and_leaves_no_mark_of_a_clean_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = DataFolder(tmp_path)
    owner = Unrecorded(data.spec(topics=(ORDERS,)), data)

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", broken)
        owner.post(Crash("broker-1"))
        owner.run_for(seconds(15))  # the controller notices, and writes so
    assert "Input/output error" in owner.violation
    owner.close()
    assert not (tmp_path / "broker-1" / ".kafka_cleanshutdown").exists()


# --- whose it is ----------------------------------------------------------------------------------


def test_meta_properties_are_kafkas(tmp_path: Path):
    with kept(tmp_path, brokers=2):
        pass
    found = [
        read_properties((tmp_path / one / "meta.properties").read_text())
        for one in ("broker-1", "broker-2", "controller-1")
    ]
    assert [one["node.id"] for one in found] == ["1", "2", "3001"]
    assert [one["version"] for one in found] == ["1"] * 3
    assert len({one["cluster.id"] for one in found}) == 1
    assert len({one["directory.id"] for one in found}) == 3
    assert re.fullmatch(r"[\w-]{22}", found[0]["cluster.id"])


def test_each_start_has_dice_of_its_own(tmp_path: Path):
    seeds: list[int] = []
    for _ in range(3):
        data = DataFolder(tmp_path)
        seeds.append(data.cluster.seed_now)
        data.close()
    assert len(set(seeds)) == 3


def test_two_processes_cannot_serve_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data = DataFolder(tmp_path)
    assert command_line.main(["serve", "--data", str(tmp_path), "--listen", "127.0.0.1:0"]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"lab serve: {tmp_path}: another process serves this folder already; two would write over each other\n"
    )
    data.close()
    DataFolder(tmp_path).close()


def test_a_folder_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(Refused, match=r"wanted an empty folder, or one with streaming-lab.json, found thesis.tex"):
        DataFolder(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir() if one.name != ".lock") == ["thesis.tex"]


GOOD: dict[str, object] = {"version": 1, "cluster_id": "a", "brokers": 1, "seed": 1, "starts": 1}


@pytest.mark.parametrize("wrong", [
    "", "[]", '{"version": 1}', json.dumps(GOOD | {"version": 9}), json.dumps(GOOD | {"brokers": "x"}),
])  # fmt: skip
def test_a_damaged_cluster_file_is_refused(tmp_path: Path, wrong: str):
    (tmp_path / CLUSTER_FILE).write_text(wrong)
    with pytest.raises(Refused, match=f"{CLUSTER_FILE}: wanted version"):
        DataFolder(tmp_path)


def test_the_folder_of_another_clusters_broker_is_refused(tmp_path: Path):
    with kept(tmp_path):
        pass
    file = tmp_path / CLUSTER_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | {"cluster_id": "another"}))
    data = DataFolder(tmp_path)
    with pytest.raises(Refused, match=r"meta.properties: wanted cluster.id=another, found cluster.id="):
        data.disk("broker-1")
    data.close()


def test_brokers_are_as_many_as_there_were_or_more(tmp_path: Path):
    with kept(tmp_path, brokers=2):
        pass
    data = DataFolder(tmp_path)
    assert data.cluster.brokers == 2
    data.close()
    with pytest.raises(Refused, match="wanted at least 2 brokers, since there are files of so many, found 1"):
        DataFolder(tmp_path, 1)
    with kept(tmp_path, brokers=3) as cluster:
        assert len(cluster.addresses.split(",")) == 3


def test_files_that_no_cluster_can_start_on_are_refused_with_where_to_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with kept(tmp_path, (ORDERS,)) as cluster:
        produced(cluster, "a")
    (tmp_path / "broker-1" / "orders-0" / "leader-epoch-checkpoint").write_text("0\n1\nfirst 0\n")
    line = ["serve", "--data", str(tmp_path), "--listen", "127.0.0.1:0"]
    assert command_line.main(line) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        f"lab serve: {tmp_path}: wanted files that a cluster can start on (lab logs {tmp_path} tells"
    )
    assert "on broker-1: ValueError" in said
    assert command_line.main(["logs", str(tmp_path)]) == 1
    assert "epoch, start_offset in line 3; found 'first 0'" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="where permissions are as on Linux")
def test_where_no_folder_can_be_made_is_said(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="wanted a folder to keep files in: "):
        DataFolder(tmp_path / "file" / "below")
