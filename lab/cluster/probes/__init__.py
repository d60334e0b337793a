"""What may be seen: one file a subject, each with its question (a probe) and its answer (a view).

A probe is frozen data, `PartitionLens("orders-1")`; called with a world it answers with a frozen view
and changes nothing. Being data, it is its own cache key. Views use names, never engine objects:
partitions are `orders-1`, brokers `broker-2`. A world knows only its own instant: what is asked of a whole branch
(`history`, `ownership`, `causes`) is answered by functions of that branch.
"""

from lab.cluster.probes.flights import InFlight
from lab.cluster.probes.inspector.inspect import Inspect
from lab.cluster.probes.lens import PartitionLens
from lab.cluster.probes.offset_lookup import OffsetLookup
from lab.cluster.probes.probe import Probe
from lab.cluster.probes.records import Records
from lab.cluster.probes.segments import Segments
from lab.cluster.probes.topology import Cluster
from lab.cluster.probes.transactions import PartitionTransactions
from lab.cluster.probes.truth import Health, Truth

__all__ = [
    "Cluster",
    "Health",
    "InFlight",
    "Inspect",
    "OffsetLookup",
    "PartitionLens",
    "PartitionTransactions",
    "Probe",
    "Records",
    "Segments",
    "Truth",
]
