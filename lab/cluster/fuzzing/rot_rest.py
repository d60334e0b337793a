"""What a healed cluster does not owe because a disk has spoilt a batch: nothing in Kafka mends that (spec 2.2, 6.6).

Each excuse is worked out from the batches that are corrupt now, and holds for one partition only.
"""

from lab.cluster.invariants.fates import rot_of
from lab.cluster.moments.moments import broker_name
from lab.kafka.broker.broker import Broker
from lab.kafka.metadata.image import MetadataImage, PartitionState
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

Brokers = dict[int, Broker]


def cannot_follow(world: World, brokers: Brokers, state: PartitionState) -> tuple[int, ...]:
    """Replicas out of sync that have a corrupt batch of their leader still before them."""
    rot, leader = rot_of(world, state.partition), broker_name(state.leader_id)
    if rot is None or not rot.batches.get(leader):
        return ()
    ends = {
        one: replica.log.log_end_offset for one in state.replicas
        if one not in state.isr and (replica := brokers[one].partitions.get(state.partition)) is not None
    }  # fmt: skip
    return tuple(one for one, end in ends.items() if rot.from_offset(leader, end) is not None)


def commits_nothing(world: World, brokers: Brokers, state: PartitionState) -> bool:
    """Whether so many cannot follow that too few are in sync for anything to be committed."""
    if not cannot_follow(world, brokers, state):
        return False
    config = brokers[state.leader_id].partitions[state.partition].config
    return len(state.isr) < min(config.min_insync_replicas, len(state.replicas))


def idle(world: World, brokers: Brokers, image: MetadataImage) -> dict[TopicPartition, None]:
    """All partitions where nothing can be committed."""
    states = [one for one in image.all_partitions() if one.leader_id >= 0]
    return {one.partition: None for one in states if commits_nothing(world, brokers, one)}


def cannot_be_read(world: World, brokers: Brokers, state: PartitionState) -> bool:
    """Whether there is a corrupt batch in the log that a reader gets: the leader's, or that of any replica where
    readers may be sent to others.
    """
    rot, leader = rot_of(world, state.partition), brokers[state.leader_id]
    if rot is None:
        return False
    start = leader.partitions[state.partition].log.log_start_offset
    asked = state.replicas if leader.config.replica_selector_class else (state.leader_id,)
    return any(rot.from_offset(broker_name(one), start) is not None for one in asked)
