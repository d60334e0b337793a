"""Where a consumer had better read: a replica in its own rack (KIP-392, spec 2.13)."""

from lab.kafka.broker.partition import Partition
from lab.kafka.metadata.image import MetadataImage

RACK_AWARE = "org.apache.kafka.common.replica.RackAwareReplicaSelector"


def elsewhere(image: MetadataImage, partition: Partition, rack: str, offset: int) -> int:
    """The follower of that rack that has come furthest, among those in sync that hold `offset`; -1 if the
    leader is in the rack itself, or nobody is.
    """
    racks = image.racks
    if not partition.leading or racks.get(partition.broker_id) == rack:
        return -1
    best, furthest = -1, -1
    for one in partition.in_sync_replicas:
        remote = partition.remotes.get(one)
        if (
            remote is not None
            and racks.get(one) == rack
            and remote.log_start_offset <= offset <= remote.log_end_offset
            and remote.log_end_offset > furthest
            and image.is_active(one)
        ):
            best, furthest = one, remote.log_end_offset
    return best
