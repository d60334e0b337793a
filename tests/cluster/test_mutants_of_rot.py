"""Lies about what a disk has spoilt: each is found in a plan of its own, by the claim that it breaks."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.disks import CorruptBatch
from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.replicas import Reassign
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.env import Env, seconds
from lab.kafka.broker.copying import Copying
from lab.kafka.broker.partition import Partition
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.messages.fetch import FetchedPartition
from lab.kafka.protocol.records import RecordBatch
from tests.mutants import Mutant, in_plan, name_of, of_plan

Patch = pytest.MonkeyPatch


def planned(*deeds: tuple[float, ClusterAction], **spec: Any) -> Plan:
    """orders-0 on brokers 1, 2, 3 of four, written by `web` with acks=all; deeds at seconds."""
    config = (("replica.lag.time.max.ms", "2000"), ("offsets.topic.num.partitions", "1"))
    web = ProducerSpec("web", "orders", 50, config=(("acks", "all"), ("delivery.timeout.ms", "60000")))
    made = ClusterSpec(1, 4, (TopicSpec("orders", 1, 3),), (web,), broker_config=config, **spec)
    return Plan(1, made, tuple((round(at * seconds(1)), deed) for at, deed in deeds))


ROTTEN_LEADER = planned(
    (8, CorruptBatch("orders-0", "broker-1", 100)),
    (9, Reassign("orders-0", ("broker-1", "broker-2", "broker-4"))),
)
ROTTEN_FOLLOWER = planned(
    (20, CorruptBatch("orders-0", "broker-3", 100)), (21, Crash("broker-3")), (24, Restart("broker-3")),
    consumers=(ConsumerSpec("app", "pay", ("orders",)),),
)  # fmt: skip


def follower_copies_without_looking(patch: Patch) -> None:
    def take(self: Copying, env: Env, partition: Partition, fetcher: Any, answer: FetchedPartition) -> bool:
        if answer.error_code or answer.diverging_epoch is not None:
            return honest(self, env, partition, fetcher, answer)
        for batch in answer.records:
            partition.append_as_follower(env, batch)
        return honest(self, env, partition, fetcher, replace(answer, records=()))

    honest = Copying._take
    patch.setattr(Copying, "_take", take)


def follower_leaves_the_corrupt_batch_out(patch: Patch) -> None:
    """What stands behind it is copied, and there is a hole."""

    def take(self: Copying, env: Env, partition: Partition, fetcher: Any, answer: FetchedPartition) -> bool:
        sound = tuple(batch for batch in answer.records if batch.valid_crc())
        return honest(self, env, partition, fetcher, replace(answer, records=sound))

    honest = Copying._take
    patch.setattr(Copying, "_take", take)
    patch.setattr(UnifiedLog, "append_as_follower", UnifiedLog._write)


def recovery_believes_what_it_reads(patch: Patch) -> None:
    patch.setattr(LogSegment, "_sound_batch", lambda self, disk, length: self.batch_at(disk, self.size))


def recovery_cuts_one_batch_too_many(patch: Patch) -> None:
    """The one in front of the corrupt batch was flushed and is sound: that it stands beside it is no excuse."""

    def rebuild(self: LogSegment, disk: Any, interval_bytes: int, *, checked: bool) -> Iterator[RecordBatch]:
        length = disk.size(self.path)
        found = list(honest(self, disk, interval_bytes, checked=checked))
        if checked and self.size < length:
            disk.truncate(self.path, self.size - found[-1].size)
            found = list(honest(self, disk, interval_bytes, checked=False))
        yield from found

    honest = LogSegment.rebuild
    patch.setattr(LogSegment, "rebuild", rebuild)


MUTANTS: tuple[tuple[Callable[[Patch], None], Plan, str], ...] = (
    (follower_copies_without_looking, ROTTEN_LEADER, "nobody copies a corrupt batch"),
    (follower_leaves_the_corrupt_batch_out, ROTTEN_LEADER, "each batch begins where its log ends"),
    (recovery_believes_what_it_reads, ROTTEN_FOLLOWER, "what a log is loaded with is sound"),
    (recovery_cuts_one_batch_too_many, ROTTEN_FOLLOWER, "what was flushed survives"),
)

HUNTED = tuple(Mutant(lie, claim, in_plan(plan)) for lie, plan, claim in MUTANTS)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_about_rot_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt


@pytest.mark.parametrize("plan", [ROTTEN_LEADER, ROTTEN_FOLLOWER], ids=["leader", "follower"])
def test_without_a_lie_its_plan_holds_and_comes_to_rest(plan: Plan):
    assert of_plan(plan) == ""
