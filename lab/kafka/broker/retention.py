"""Retention of one replica: whole old segments go, and it is stated which and why (spec 1.7)."""

from lab.env import Env
from lab.kafka import facts
from lab.kafka.broker.partition import Partition


def retain(env: Env, partition: Partition) -> None:
    """Delete what retention.ms, retention.bytes or the log start make superfluous. Followers do so by themselves."""
    log = partition.log
    before = log.segments[:]
    reason = log.delete_old_segments(env.wall_time_ms)
    if reason:
        gone = [one for one in before if one.base_offset < log.segments[0].base_offset]
        bases, size_bytes = tuple(one.base_offset for one in gone), sum(one.size for one in gone)
        env.tell(facts.SegmentsDeleted(partition.partition, bases, size_bytes, reason))
        partition.log_start_moved(env, reason)
