"""Reading: a folder of logs, a partition or one file becomes a stream of what is found there, problems among it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lab.cluster.refused import Refused
from lab.disks.data_folder import CLUSTER_FILE, LOCK_FILE, META_FILE
from lab.disks.file_disk import PARTITION_FOLDER
from lab.disks.found import Batch, Folder, Found, Problem, Table
from lab.disks.segments import read_segment
from lab.disks.small_files import NAMED, OF_SEGMENT, other

BY_OFFSET = re.compile(r"(\d{20})\.(log|index|timeindex|txnindex|snapshot)(\.deleted|\.cleaned|\.swap)?")
METADATA_SNAPSHOT = re.compile(r"\d{20}-\d{10}\.checkpoint")
IGNORED = (LOCK_FILE,)


def read(path: Path, *, records: bool = True) -> Iterator[Found]:
    """All that is found at a path: the folder of a served cluster, a log directory, a partition's folder, or one file
    of it. Raises Refused if it is none of these.
    """
    if path.is_file():
        return _file(path, records)
    if not path.is_dir():
        raise Refused(f"{path}: wanted a folder of logs or a file of it, found nothing")
    folders = sorted(one for one in path.iterdir() if one.is_dir())
    if PARTITION_FOLDER.fullmatch(path.name) and not (path / META_FILE).exists() and _has_segments(path):
        return _partition(path, records)
    if (path / META_FILE).exists() or any(_is_partition(one) for one in folders):
        return _log_directory(path, folders, records)
    if (path / CLUSTER_FILE).exists() or any((one / META_FILE).exists() for one in folders):
        return _cluster(path, folders, records)
    if _has_segments(path):
        return _partition(path, records)
    raise Refused(
        f"{path}: wanted a log directory (log.dirs of a broker), the folder of a partition, or a file of it; found a "
        f"folder with neither {META_FILE} nor .log files in it"
    )


def _is_partition(folder: Path) -> bool:
    return PARTITION_FOLDER.fullmatch(folder.name) is not None and _has_segments(folder)


def _has_segments(folder: Path) -> bool:
    return any(one.suffix == ".log" for one in folder.iterdir())


def _cluster(path: Path, folders: list[Path], records: bool) -> Iterator[Found]:
    yield Folder(str(path), "a cluster")
    yield from _files(path, records)
    for folder in folders:
        if (folder / META_FILE).exists():
            yield from _log_directory(folder, sorted(one for one in folder.iterdir() if one.is_dir()), records)


def _log_directory(path: Path, folders: list[Path], records: bool) -> Iterator[Found]:
    yield Folder(str(path), "a log directory")
    yield from _files(path, records)
    for folder in folders:
        if _is_partition(folder):
            yield from _partition(folder, records)


def _partition(path: Path, records: bool) -> Iterator[Found]:
    """Small files first, then each segment and what belongs to it, in the order of their offsets."""
    topic, _, number = path.resolve().name.rpartition("-")
    yield Folder(str(path), f"partition {number} of {topic}" if number.isdigit() else "a partition")
    yield from _files(path, records)


def _files(path: Path, records: bool) -> Iterator[Found]:
    files = sorted(one for one in path.iterdir() if one.is_file() and one.name not in IGNORED)
    for file in sorted(files, key=_place):
        yield from _file(file, records)


def _place(file: Path) -> tuple[str, bool, str]:
    """Named files come first, then by offset, and of one offset the batches first."""
    offset = file.name[:20] if file.name[:20].isdigit() else ""
    return offset, ".log" not in file.name, file.name


def _file(path: Path, records: bool) -> Iterator[Found]:
    """One file. An index is also held against its segment, where that stands beside it."""
    try:
        if path.name in NAMED:
            yield from NAMED[path.name](path, 0)
            return
        if METADATA_SNAPSHOT.fullmatch(path.name) or path.name == "bootstrap.checkpoint":
            yield from read_segment(path, 0, records=records)
            return
        match = BY_OFFSET.fullmatch(path.name)
        if match is None:
            yield other(path)
            return
        base_offset, kind, suffix = int(match[1]), match[2], match[3] or ""
        if kind == "log":
            yield from read_segment(path, base_offset, records=records)
        elif kind == "index":
            yield from _checked(OF_SEGMENT[kind](path, base_offset), path, base_offset, suffix)
        else:
            yield from OF_SEGMENT[kind](path, base_offset)
    except OSError as wrong:
        yield Problem(str(path), -1, "a file that can be read", wrong.strerror or str(wrong))


def _checked(found: Iterable[Found], path: Path, base_offset: int, suffix: str) -> Iterator[Found]:
    """An offset index, and each of its entries that names no batch of the log beside it."""
    log = path.with_name(f"{base_offset:020d}.log{suffix}")
    for one in found:
        yield one
        if isinstance(one, Table) and log.exists():
            batches = (batch for batch in read_segment(log, base_offset, records=False) if isinstance(batch, Batch))
            at = {batch.position: batch for batch in batches}
            for number, (offset, position) in enumerate(one.rows):
                batch = at.get(int(str(position)))
                if batch is None or not batch.base_offset <= int(str(offset)) <= batch.last_offset:
                    said = "none" if batch is None else f"one with {batch.base_offset:,} to {batch.last_offset:,}"
                    yield Problem(str(path), number * 8, f"a batch with offset {offset} at byte {position}", said)
