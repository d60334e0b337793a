"""`lab logs`: all that stands in a broker's files is shown, and whatever is wrong is named: wanted, found, where."""

import json
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cluster.build import build
from lab.cluster.refused import Refused
from lab.command import command_line
from lab.disks.exporting import export_cluster
from lab.disks.found import Batch, Folder, OneRecord, Problem, Segment, Table, Values
from lab.disks.printing import to_text
from lab.disks.reading import read
from lab.env import seconds
from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.control import Marker, marker_batch
from lab.kafka.protocol.records import Header, Record, RecordBatch
from tests.disks.test_exporting import BUSY

MS = 1_767_225_600_000
DATE = "2026-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disks of three busy brokers. Whoever damages them takes a copy."""
    folder = tmp_path_factory.mktemp("disks") / "cluster"
    world = build(BUSY)
    world.run_until(seconds(20))
    export_cluster(world, BUSY, folder)
    return folder


@pytest.fixture
def partition(exported: Path, tmp_path: Path) -> Path:
    """A copy of one partition's folder."""
    return Path(shutil.copytree(exported / "broker-1" / "orders-0", tmp_path / "orders-0"))


def first(folder: Path, kind: str) -> Path:
    return min(folder.glob(f"*.{kind}"))


def problems(path: Path) -> list[str]:
    """The problems at a path, without the folder in them."""
    return [str(one).replace(f"{path}/", "") for one in read(path) if isinstance(one, Problem)]


def patch(file: Path, at: int, data: bytes) -> None:
    content = bytearray(file.read_bytes())
    content[at : at + len(data)] = data
    file.write_bytes(content)


def batch_at(file: Path, number: int) -> Batch:
    return [one for one in read(file) if isinstance(one, Batch)][number]


# --- what is sound --------------------------------------------------------------------------------


def test_the_files_of_a_cluster_are_shown_without_a_problem(exported: Path):
    found = list(read(exported))
    assert not [one for one in found if isinstance(one, Problem)]
    whats = [one.what for one in found if isinstance(one, Folder)]
    assert whats[:2] == ["a cluster", "a log directory"]
    assert {"partition 0 of orders", "partition 1 of orders", "partition 0 of __cluster_metadata"} <= set(whats)
    names = {one.path.rpartition("/")[2].partition(".")[2] or one.path.rpartition("/")[2]
             for one in found if isinstance(one, Table | Values | Segment)}  # fmt: skip
    assert {"log", "index", "timeindex", "txnindex", "snapshot", "properties", "leader-epoch-checkpoint",
            "replication-offset-checkpoint", "metadata", "json"} <= names  # fmt: skip
    text = "\n".join(map(to_text, found))
    assert "broker-2/orders-1: partition 1 of orders" in text
    assert "control, create time up to" in text
    assert "COMMIT, coordinator epoch 0" in text
    assert "ABORT, coordinator epoch 0" in text
    assert "snappy, leader epoch 0, producer" in text


def test_a_batch_and_its_records_are_shown_with_all_they_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    records = [
        Record(0, MS, b"k1", b"v1", (Header("trace", b"7"),)),
        Record(0, MS + 1_500, None, b"\x00\xff"),
        Record(0, MS + 2_000, b"gone", None),
        Record(0, MS + 2_000, b"long", b"x" * 100),
    ]
    data = RecordBatch.build(
        records, base_offset=42, leader_epoch=3, producer_id=9, producer_epoch=1, base_sequence=5,
        compression=Compression.ZSTD, transactional=True,
    ).data  # fmt: skip
    marker = marker_batch(9, 1, Marker(False, 4), MS).placed(46, 3).data
    file = tmp_path / f"{42:020d}.log"
    file.write_bytes(data + marker)
    of, tail = (
        "leader epoch 3, producer 9 epoch 1",
        "transactional, create time up to 2026-01-01T00:00:02.000Z, CRC valid",
    )
    end = f"transactional, control, create time up to {DATE}, CRC valid"
    assert command_line.main(["logs", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"  {42:020d}.log: a segment from offset 42, {len(data) + len(marker)} bytes",
        f"    byte 0: offsets 42 to 45, 4 records, {len(data)} bytes, zstd, {of} sequence 5 to 8, {tail}",
        f"                42  {DATE}  k1 = v1  [trace: 7]",
        "                43  2026-01-01T00:00:01.500Z  null = 0x00ff",
        "                44  2026-01-01T00:00:02.000Z  gone = null",
        f"                45  2026-01-01T00:00:02.000Z  long = {'x' * 59}… (100 bytes)",
        f"    byte {len(data)}: offsets 46 to 46, 1 record, {len(marker)} bytes, uncompressed, {of}, {end}",
        f"                46  {DATE}  ABORT, coordinator epoch 4",
        "0 problems",
    ]
    assert command_line.main(["logs", str(file), "--json"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["kind"] for one in said] == ["segment", "batch", *["record"] * 4, "batch", "record"]
    assert said[1]["codec"] == "zstd"
    assert (said[1]["producer_id"], said[1]["base_sequence"], said[1]["last_sequence"]) == (9, 5, 8)
    assert (said[1]["transactional"], said[1]["control"], said[1]["crc_valid"]) == (True, False, True)
    assert said[2]["headers"] == [["trace", "7"]]
    assert said[3]["value"] == {"base64": "AP8="}
    assert said[5]["value"] == "x" * 100, "programs get all of it"
    assert command_line.main(["logs", str(file), "--batches"]) == 0
    assert "k1" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "below", ["", "broker-1", "broker-1/orders-0", f"broker-1/orders-0/{0:020d}.log", "broker-1/meta.properties"]
)
def test_a_cluster_a_log_directory_a_partition_and_one_file_can_be_read(exported: Path, below: str):
    assert list(read(exported / below))
    assert not problems(exported / below)


def test_a_compacted_batch_that_lost_all_its_records_is_sound(tmp_path: Path):
    header = RecordBatch.build([Record(0, MS, b"k", b"v")], producer_id=1, producer_epoch=0, base_sequence=0)
    empty = RecordBatch.assembled(
        header.attributes, 0, MS, MS, 1, 0, 0, 0, b"", header.base_offset, 0
    )  # fmt: skip
    (tmp_path / f"{0:020d}.log").write_bytes(empty.data)
    assert not problems(tmp_path / f"{0:020d}.log")


# --- what is wrong --------------------------------------------------------------------------------


def test_a_changed_byte_is_found_by_the_crc_and_the_batches_behind_it_are_read(partition: Path):
    file = first(partition, "log")
    second, count = batch_at(file, 1), sum(isinstance(one, Batch) for one in read(file))
    patch(file, second.position + 70, b"\xff\xfe")
    found = list(read(file))
    wrong = [one for one in found if isinstance(one, Problem)]
    assert [(one.position, one.wanted) for one in wrong] == [
        (second.position, f"CRC {_crc(file, second.position):#010x}, as the header says")
    ]
    assert sum(isinstance(one, Batch) for one in found) == count
    offsets = [one.offset for one in found if isinstance(one, OneRecord)]
    assert second.base_offset not in offsets, "what it holds is not believed"
    assert second.last_offset + 1 in offsets


def _crc(file: Path, position: int) -> int:
    return int.from_bytes(file.read_bytes()[position + 17 : position + 21], "big")


def test_a_torn_end_is_named_with_what_is_left_of_it(partition: Path):
    file = first(partition, "log")
    last = [one for one in read(file) if isinstance(one, Batch)][-1]
    with file.open("ab") as log:
        log.truncate(last.position + last.size_bytes - 10)
    wanted, left = f"a batch of {last.size_bytes} bytes", last.size_bytes - 10
    assert problems(file) == [
        f"{file}, byte {last.position:,}: wanted {wanted}; found the last {left}: the end is torn off"
    ]
    assert "the end is torn off" in "".join(problems(partition))
    with file.open("ab") as log:
        log.truncate(last.position + 5)
    assert problems(file) == [f"{file}, byte {last.position:,}: wanted a batch header of 61 bytes; found the last 5"]


@pytest.mark.parametrize(("at", "data", "said"), [
    (16, b"\x01", "wanted magic 2 (batches, since Kafka 0.11); found magic 1, an older one"),
    (16, b"\x07", "wanted magic 2; found magic 7"),
    (8, struct.pack(">i", 10), "wanted a batch of at least 61 bytes; found a length of 22"),
    (8, struct.pack(">i", -10), "wanted a batch of at least 61 bytes; found a length of 2"),
    (8, struct.pack(">i", 1 << 30), "the end is torn off"),
    (0, bytes(100), "wanted a batch; found zeros, in the last"),
    (0, struct.pack(">q", 0), "wanted a base offset of at least"),
])  # fmt: skip
def test_each_lie_of_a_header_has_its_sentence(partition: Path, at: int, data: bytes, said: str):
    file = first(partition, "log")
    second = batch_at(file, 1)
    patch(file, second.position + at, data)
    found = problems(file)
    assert said in found[0]
    assert found[0].startswith(f"{file}, byte {second.position:,}: ")


def test_records_that_are_not_what_the_header_says_are_named(tmp_path: Path):
    good = RecordBatch.build([Record(0, MS, b"k", b"v")])
    lying = RecordBatch.assembled(
        Compression.GZIP, 0, MS, MS, -1, -1, -1, 1, good.data[61:], 0, 0
    )  # fmt: skip
    file = tmp_path / f"{0:020d}.log"
    file.write_bytes(lying.data)
    assert "wanted records as the header says; found" in problems(file)[0]
    unknown = RecordBatch.assembled(7, 0, MS, MS, -1, -1, -1, 1, good.data[61:], 0, 0)
    file.write_bytes(unknown.data)
    assert problems(file) == [f"{file}, byte 0: wanted a codec of 0 to 4; found 7"]


def test_an_index_is_held_against_its_segment(partition: Path):
    index = first(partition, "index")
    patch(index, 8 + 4, struct.pack(">i", 77))
    assert problems(partition) == [
        f"{index.name}, byte 8: wanted a batch with offset 162 at byte 77; found none",
        f"{index.name}, byte 8: wanted positions that rise; found 77 behind 4114",
    ]
    index.write_bytes(index.read_bytes()[:13])
    assert f"{index.name}, byte 8: wanted an entry of 8 bytes; found the last 5" in problems(partition)


def test_zeros_behind_an_index_are_what_kafka_reserves_while_a_segment_is_written_to(partition: Path):
    index = first(partition, "index")
    entries = index.stat().st_size // 8
    with index.open("ab") as file:
        file.write(bytes(8 * 1_000))
    assert not problems(partition)
    table = next(one for one in read(index) if isinstance(one, Table))
    assert len(table.rows) == entries
    assert table.note == "8,000 bytes of zeros behind them, reserved"


@pytest.mark.parametrize(("name", "data", "said"), [
    ("leader-epoch-checkpoint", b"0\n2\n0 0\n", "wanted in line 2 how many lines follow; found 2, and 1 follow"),
    ("leader-epoch-checkpoint", b"7\n1\n0 0\n", "wanted version 0 in line 1; found 7"),
    ("leader-epoch-checkpoint", b"0\n1\nx 0\n", "wanted epoch, start_offset in line 3; found 'x 0'"),
    ("partition.metadata", b"version: 0\n", "wanted version and topic_id; found version"),
    ("quorum-state", b"{", "wanted JSON"),
    ("quorum-state", b"[]", "wanted an object; found list"),
    (f"{5:020d}.snapshot", b"\x00\x01", "wanted a snapshot of at least 10 bytes; found 2"),
    (f"{5:020d}.snapshot", b"\x00\x02" + bytes(8), "wanted version 1; found 2"),
    (f"{5:020d}.snapshot", b"\x00\x01" + bytes(8), "wanted CRC 0x00000000, as the head says"),
    (f"{5:020d}.snapshot", b"\x00\x01" + bytes(7) + b"\x09", "wanted 9 producers of 46 bytes; found 0 bytes"),
    (f"{5:020d}.txnindex", struct.pack(">hqqqq", 0, 1, 2, 3, 4), "wanted a marker at 5 or behind; found one at 3"),
])  # fmt: skip
def test_each_small_file_says_what_is_wrong_with_it(tmp_path: Path, name: str, data: bytes, said: str):
    (tmp_path / name).write_bytes(data)
    assert said in "\n".join(problems(tmp_path / name))


def test_problems_are_counted_and_the_exit_code_says_so(partition: Path, capsys: pytest.CaptureFixture[str]):
    patch(first(partition, "log"), 70, b"\xff\xff")
    assert command_line.main(["logs", str(partition), "--batches"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "1 problem"
    assert [line for line in said if line.startswith("  !! ")]
    assert "CRC WRONG" in "".join(said)


def test_what_is_no_folder_of_logs_is_refused_with_what_was_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):  # fmt: skip
    with pytest.raises(Refused, match="wanted a log directory"):
        read(tmp_path)
    assert command_line.main(["logs", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err == (
        f"lab logs: {tmp_path / 'nowhere'}: wanted a folder of logs or a file of it, found nothing\n"
    )


def test_whatever_bytes_there_are_it_reads_on(partition: Path, tmp_path: Path):
    dice = random.Random(4)
    files = [first(partition, kind) for kind in ("log", "index", "timeindex")]
    files += [first(partition, "snapshot"), partition / "leader-epoch-checkpoint", partition / "partition.metadata"]
    originals = {file: file.read_bytes() for file in files}
    for _ in range(150):
        file = dice.choice(files)
        data = bytearray(originals[file])
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        file.write_bytes(bytes(data[: dice.randrange(len(data) + 1)]))
        assert [to_text(one) for one in read(file)]


def test_whoever_stops_listening_is_not_told_of_a_broken_pipe(exported: Path):
    process = subprocess.Popen(
        [sys.executable, "-m", "lab", "logs", str(exported)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) == 0
    process.stderr.close()
