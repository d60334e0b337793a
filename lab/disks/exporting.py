"""Exporting: simulated disks become folders that `lab serve --data` goes on from; and back again.

What stands in the page cache is exported as well: the folders are what a crash at this moment would leave, not a power
loss. So a process that starts on them checks what was written since the last recovery point, as after any crash.
"""

from pathlib import Path

from lab.cluster.build import broker_hosts
from lab.cluster.lookup.controllers import controller_hosts
from lab.cluster.refused import Refused, wanted
from lab.cluster.spec import ClusterSpec
from lab.disks.data_folder import VERSION, ClusterFile, new_id, node_id, prepare, write_cluster_file
from lab.disks.file_disk import FileDisk
from lab.env import NodeId
from lab.world.disk import HostDisk, SimDisk
from lab.world.world import World


def export_cluster(world: World, spec: ClusterSpec, folder: Path) -> int:
    """The disks of all brokers and controllers, in a folder that must be empty. Returns how many bytes there are.
    Raises Refused.
    """
    brokers = broker_hosts(world)
    wanted(bool(brokers), "wanted at least one broker whose disk can be exported", "none")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = sorted(one.name for one in folder.iterdir())
        wanted(not there, f"{folder}: wanted an empty folder to export to", ", ".join(there[:5]))
        cluster = ClusterFile(
            VERSION, new_id(), max(map(node_id, brokers)), spec.seed, 0, spec.controllers, spec.combined
        )  # fmt: skip
        machines = dict.fromkeys((*controller_hosts(world), *brokers))
        size = sum(export_disk(world, name, folder / name, cluster.cluster_id) for name in machines)
        write_cluster_file(folder, cluster)
    except OSError as wrong:
        raise Refused(f"{folder}: wanted a folder that can be written: {wrong.strerror}") from None
    return size


def export_disk(world: World, node: NodeId, folder: Path, cluster_id: str) -> int:
    """The disk of one machine as a log directory. Returns how many bytes its files have. Raises Refused, OSError."""
    prepare(folder, cluster_id, node)
    disk = FileDisk(folder)
    before = disk.used
    copy(world.hosts[node].disk, disk)
    disk.close()
    return disk.used - before


def import_disk(folder: Path) -> SimDisk:
    """A simulated disk with the files of a log directory, all of them safe. Raises OSError."""
    disk, real = SimDisk(), FileDisk(folder)
    copy(real, disk)
    real.close()
    disk.cost = 0
    return disk


def copy(source: HostDisk, target: HostDisk) -> None:
    """All files of a disk, flushed."""
    for path in source.list(""):
        target.write(path, source.read(path, 0, source.size(path)))
        target.flush(path)
