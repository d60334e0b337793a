"""What a node may ask of the world: interfaces only, no behaviour.

Everything in `kafka/` is written against these few words. `world/` answers them with a simulation; `disks/` answers
those about files with real ones. Nothing here knows Kafka.
"""

from lab.env.disk import Disk, DiskFull, Unreadable
from lab.env.node import Env, Node, Timer
from lab.env.packed import Packed
from lab.env.sealed import Sealed
from lab.env.units import Address, Micros, NodeId, address, millis, node_of, seconds

__all__ = [
    "Address",
    "Disk",
    "DiskFull",
    "Env",
    "Micros",
    "Node",
    "NodeId",
    "Packed",
    "Sealed",
    "Timer",
    "Unreadable",
    "address",
    "millis",
    "node_of",
    "seconds",
]
