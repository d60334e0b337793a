"""DataFolder: where a served cluster keeps its files: one folder a machine, each a log directory as Kafka has them.

`streaming-lab.json` says whose it is, `meta.properties` in each folder to which cluster and machine it belongs, as
Kafka's own does. While a process serves it, it holds the lock of `.lock`, which ends with the process however it ends.
"""

import base64
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lab.cluster.lookup.controllers import FIRST_ID
from lab.cluster.refused import Refused, shown, wanted
from lab.cluster.spec import ClusterSpec, TopicSpec
from lab.disks.file_disk import FileDisk
from lab.env import NodeId

CLUSTER_FILE = "streaming-lab.json"
LOCK_FILE = ".lock"
META_FILE = "meta.properties"
VERSION = 1


@dataclass(frozen=True, slots=True)
class ClusterFile:
    """What a folder says of its cluster. `starts`: how many processes have served it. `controllers`: more than one
    are a quorum; `combined`: they are the first brokers.
    """

    version: int
    cluster_id: str
    brokers: int
    seed: int
    starts: int
    controllers: int = 1
    combined: bool = False

    @property
    def seed_now(self) -> int:
        """The dice of this start. Those of an earlier one would draw the ids that it drew: of processes, topics,
        members.
        """
        return self.seed + self.starts


class DataFolder:
    """A folder that is served by this process. Raises Refused if it is another's, or not one of ours."""

    def __init__(self, path: Path, brokers: int | None = None) -> None:
        """`brokers`: how many it shall have; as many as it had, or one in a new folder, if nothing is said."""
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(path)
            try:
                known = read_cluster_file(path) or _new_cluster()
                self.cluster = replace(known, brokers=_brokers(path, known, brokers), starts=known.starts + 1)
                write_cluster_file(path, self.cluster)
            except BaseException:
                os.close(self._lock)
                raise
        except OSError as wrong:
            raise Refused(f"{path}: wanted a folder to keep files in: {wrong.strerror}") from None
        self._disks: list[FileDisk] = []

    def spec(self, settings: tuple[tuple[str, str], ...] = (), topics: tuple[TopicSpec, ...] = ()) -> ClusterSpec:
        """The set-up of this start. Topics are made unless they are there already. Raises Refused."""
        cluster = self.cluster
        return ClusterSpec(
            seed=cluster.seed_now, brokers=cluster.brokers, controllers=cluster.controllers,
            combined=cluster.combined, broker_config=settings, topics=topics,
        ).checked()  # fmt: skip

    def disk(self, node: NodeId) -> FileDisk:
        """The disk of a machine, with what an earlier process left on it."""
        folder = self.path / node
        try:
            prepare(folder, self.cluster.cluster_id, node)
            disk = FileDisk(folder)
        except OSError as wrong:
            raise Refused(f"{folder}: wanted a log directory: {wrong.strerror}") from None
        self._disks.append(disk)
        return disk

    def close(self) -> None:
        """Let go of all files, and of the lock."""
        for disk in self._disks:
            disk.close()
        os.close(self._lock)


def _locked(path: Path) -> int:
    """The descriptor that holds the lock."""
    try:
        import fcntl  # noqa: PLC0415 (there is none on Windows, and the module must be importable there)
    except ImportError:
        raise Refused(f"{path}: wanted a system whose files can be locked (flock), which this one is not") from None
    descriptor = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Refused(f"{path}: another process serves this folder already; two would write over each other") from None
    return descriptor


def _brokers(path: Path, known: ClusterFile, asked: int | None) -> int:
    if asked is None:
        return max(known.brokers, 1)
    wanted(
        asked >= known.brokers,
        f"{path}: wanted at least {known.brokers} brokers, since there are files of so many", asked,
    )  # fmt: skip
    return asked


# --- the files that say whose it is ---------------------------------------------------------------


def read_cluster_file(path: Path) -> ClusterFile | None:
    """What a folder says of its cluster; None for an empty one. Raises Refused."""
    file = path / CLUSTER_FILE
    if not file.exists():
        others = [one.name for one in sorted(path.iterdir()) if one.name != LOCK_FILE]
        wanted(not others, f"{path}: wanted an empty folder, or one with {CLUSTER_FILE}", ", ".join(others[:5]))
        return None
    try:
        data = json.loads(file.read_bytes())
        found = ClusterFile(**data)
        sound = found.version == VERSION and all(
            type(one) is int and one >= 0 for one in (found.brokers, found.seed, found.starts, found.controllers)
        )
    except (ValueError, TypeError) as wrong:
        raise Refused(f"{file}: wanted version, cluster_id, brokers, seed and starts as JSON: {wrong}") from None
    wanted(sound, f"{file}: wanted version {VERSION} and whole numbers", shown(data))
    return found


def _new_cluster() -> ClusterFile:
    return ClusterFile(VERSION, new_id(), 0, int.from_bytes(os.urandom(4), "big") >> 1, 0)


def write_cluster_file(path: Path, cluster: ClusterFile) -> None:
    """Replace it atomically."""
    _write(path / CLUSTER_FILE, json.dumps(asdict(cluster), indent=1) + "\n")


def new_id() -> str:
    """Sixteen random bytes as Kafka writes an id: base64 for addresses, without its padding."""
    return base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()


def node_id(node: NodeId) -> int:
    """The `node.id` of a machine."""
    kind, _, number = node.rpartition("-")
    return int(number) if kind == "broker" else FIRST_ID - 1 + int(number)


def prepare(folder: Path, cluster_id: str, node: NodeId) -> None:
    """Make a log directory of the machine, or see that it is its own. Raises Refused, OSError."""
    folder.mkdir(exist_ok=True)
    file = folder / META_FILE
    if not file.exists():
        properties = {
            "cluster.id": cluster_id, "directory.id": new_id(), "node.id": node_id(node), "version": VERSION,
        }  # fmt: skip
        _write(file, "#\n" + "".join(f"{key}={value}\n" for key, value in properties.items()))
        return
    found = read_properties(file.read_text(encoding="utf-8", errors="replace"))
    for key, value in (("cluster.id", cluster_id), ("node.id", str(node_id(node)))):
        wanted(found.get(key) == value, f"{file}: wanted {key}={value}", f"{key}={found.get(key, '')}")


def read_properties(text: str) -> dict[str, str]:
    """The lines `key=value` of a property file, without its comments."""
    lines = (line.partition("=") for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in lines}


def _write(file: Path, text: str) -> None:
    """Whole or not at all, and safe."""
    part = file.with_name(f"{file.name}.tmp")
    with part.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    descriptor = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
