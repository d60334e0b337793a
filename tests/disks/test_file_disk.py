"""A disk of real files behaves as the simulated one does, keeps what it was told, and is in Kafka's layout."""

import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest

from lab.disks import file_disk
from lab.disks.file_disk import FileDisk
from lab.env import DiskFull, Unreadable
from lab.env.disk import Disk
from lab.world.dice import Stream
from lab.world.disk import SimDisk

SEGMENT = f"logs/orders-0/{0:020d}.log"
PATHS = (SEGMENT, f"logs/orders-0/{0:020d}.index", f"logs/orders-1/{5:020d}.log", "replication-offset-checkpoint")


def outcome(disk: Disk, deed: str, path: str, other: str, number: int) -> object:
    """What a deed leads to: its answer, or the name of what it raises."""
    try:
        match deed:
            case "append":
                return disk.append(path, bytes([number % 251]) * (number % 9_000))
            case "read":
                return disk.read(path, number, number // 3 + 1)
            case "truncate":
                return disk.truncate(path, number)
            case "write":
                return disk.write(path, b"%d" % number)
            case "flush":
                return disk.flush(path)
            case "replace":
                return disk.replace(path, other) if path != other else None
            case _:
                return disk.delete(path)
    except (FileNotFoundError, DiskFull) as refused:
        return type(refused).__name__


def contents(disk: Disk) -> dict[str, bytes]:
    return {path: disk.read(path, 0, disk.size(path)) for path in disk.list("")}


DEEDS = ("append",) * 8 + ("read",) * 6 + ("truncate", "write", "flush", "flush", "replace", "delete")


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_done_it_answers_as_a_simulated_disk_does(tmp_path: Path, seed: int):
    dice = Stream(f"{seed}/deeds")
    real, simulated = FileDisk(tmp_path), SimDisk()
    real.capacity = simulated.capacity = 100_000
    for _ in range(400):
        deed = DEEDS[dice.below(len(DEEDS))]
        path, other, number = PATHS[dice.below(4)], PATHS[dice.below(4)], dice.below(30_000)
        assert outcome(real, deed, path, other, number) == outcome(simulated, deed, path, other, number), (deed, path)
        assert (real.used, real.size(path), real.exists(path)) == (
            simulated.used, simulated.size(path), simulated.exists(path),
        )  # fmt: skip
        for folder in ("", "logs", "logs/orders-0"):
            assert real.list(folder) == simulated.list(folder)
    assert contents(real) == contents(simulated)
    # Whoever comes after this process finds all of it, flushed or not, but has flushed nothing himself.
    again = FileDisk(tmp_path)
    assert contents(again) == contents(simulated)
    assert again.used == simulated.used


def test_partitions_stand_in_the_log_directory_itself_as_in_kafka(tmp_path: Path):
    disk = FileDisk(tmp_path)
    disk.append(SEGMENT, b"batch")
    disk.write("recovery-point-offset-checkpoint", b"0\n0\n")
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert found == ["orders-0", f"orders-0/{0:020d}.log", "recovery-point-offset-checkpoint"]
    disk.delete(SEGMENT)
    assert not (tmp_path / "orders-0").exists(), "the folder goes with its last file"


def test_files_of_strangers_are_left_alone(tmp_path: Path):
    (tmp_path / "orders-0").mkdir()
    (tmp_path / "orders-0" / "notes.log").write_text("mine")
    (tmp_path / "orders-0.1f6e-delete").mkdir()
    disk = FileDisk(tmp_path)
    disk.append(SEGMENT, b"batch")
    assert disk.list("logs") == [SEGMENT]
    disk.delete(SEGMENT)
    assert (tmp_path / "orders-0" / "notes.log").read_text() == "mine"


def test_a_flush_is_an_fsync_of_the_file_and_of_the_folders_that_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    synced: list[str] = []

    def note(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()).removeprefix(f"{tmp_path}") or "/")

    monkeypatch.setattr(os, "fsync", note)
    disk = FileDisk(tmp_path)
    disk.append(SEGMENT, b"batch")
    assert disk.flushed(SEGMENT) == 0
    assert not synced, "an append leaves it to the operating system"
    disk.flush(SEGMENT)
    assert synced == [f"/orders-0/{0:020d}.log", "/orders-0", "/"]
    assert disk.flushed(SEGMENT) == 5
    synced.clear()
    disk.append(SEGMENT, b"batch")
    disk.flush(SEGMENT)
    assert synced == [f"/orders-0/{0:020d}.log"], "its name has been safe since"
    synced.clear()
    disk.write("quorum.tmp", b"1")
    disk.flush("quorum.tmp")
    disk.replace("quorum.tmp", "quorum")
    assert synced == ["/quorum.tmp", "/", "/"], "the content before the name, then the name"


def test_no_room_on_the_machine_leaves_nothing_of_the_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    disk = FileDisk(tmp_path)
    disk.append(SEGMENT, b"first")
    write = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) == 6:
            return write(descriptor, bytes(data[:3]))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(DiskFull, match="No space left on device"):
        disk.append(SEGMENT, b"second")
    assert (tmp_path / "orders-0" / f"{0:020d}.log").read_bytes() == b"first"
    assert disk.size(SEGMENT) == 5


def test_a_file_that_somebody_else_has_cut_is_unreadable_and_not_empty(tmp_path: Path):
    disk = FileDisk(tmp_path)
    disk.append(SEGMENT, b"batch")
    os.truncate(tmp_path / "orders-0" / f"{0:020d}.log", 2)
    with pytest.raises(Unreadable, match="5 bytes wanted"):
        disk.read(SEGMENT, 0, 5)


def test_of_many_files_only_some_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(file_disk, "HANDLES_MAX", 4)
    disk = FileDisk(tmp_path)
    paths = [f"logs/orders-{number}/{0:020d}.log" for number in range(12)]
    for turn in range(2):
        for path in paths:
            disk.append(path, b"%d" % turn)
    held = _open_in(tmp_path)
    assert len(held) <= 4
    assert {disk.read(path, 0, 9) for path in paths} == {b"01"}
    disk.close()
    assert not _open_in(tmp_path)


def _open_in(folder: Path) -> list[str]:
    """The files below a folder that this process holds open."""
    found: list[str] = []
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor by which this list is read
            found.append(str(one.readlink()))
    return [one for one in found if one.startswith(str(folder))]
