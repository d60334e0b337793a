"""Lies about truncation where an older rule is in force: what the rule excuses hides nothing else.

The plans are stories of KIP-101 and KIP-279, in which the rule that is in force has to lose nothing, or no more than it
allows.
"""

from collections.abc import Callable
from typing import Any

import pytest

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.machines import Crash, Restart, Stop
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.actions.topics import ElectLeader
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.spec import ClusterSpec, ProducerSpec, TopicSpec
from lab.env import Env, seconds
from lab.kafka import facts
from lab.kafka.broker import older_truncation, replica_manager
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.replica_fetcher import ReplicaFetcher
from lab.kafka.config.truncation import COMMON_EPOCH, FENCED_EPOCH, HIGH_WATERMARK, LAST_EPOCH, RULES
from lab.kafka.metadata.image import PartitionState
from tests.mutants import Mutant, in_plan, name_of, of_plan

Patch = pytest.MonkeyPatch
COMPLETE = "a new leader has every committed record"


def planned(rule: str, *deeds: tuple[float, ClusterAction], replicas: int = 3, acks: str = "all") -> Plan:
    """`web` writes batches, with acks=all two in sync at least; deeds at seconds."""
    config = (
        ("replica.truncation.rule", rule), ("offsets.topic.num.partitions", "1"),
        ("auto.leader.rebalance.enable", "false"),
    )  # fmt: skip
    topic = TopicSpec("orders", 1, replicas, (("min.insync.replicas", "2" if acks == "all" else "1"),))
    client = (("acks", acks), ("linger.ms", "200"), ("delivery.timeout.ms", "60000"))
    web = ProducerSpec("web", "orders", 100, config=client)
    spec = ClusterSpec(1, replicas, (topic,), (web,), broker_config=config)
    return Plan(1, spec, tuple((round(at * seconds(1)), deed) for at, deed in deeds))


def leader_after_leader(rule: str) -> Plan:
    """KIP-101's first scenario: broker-3 follows one it cannot reach, and leads next."""
    return planned(
        rule, (5, CutLink("broker-2", "broker-3")), (6, Crash("broker-1")), (18, Crash("broker-2")),
        (30, HealLink("broker-2", "broker-3")), (31, Restart("broker-1")), (32, Restart("broker-2")),
    )  # fmt: skip


BEFORE_KIP_101, BEFORE_KIP_279, TODAY = map(leader_after_leader, (HIGH_WATERMARK, LAST_EPOCH, FENCED_EPOCH))


def fast_failover(rule: str) -> Plan:
    """KIP-279: both lead in turn while neither hears the other, and a third epoch goes on with what one of them has."""
    return planned(
        rule, (3, Stop("broker-1")), (16, Restart("broker-1")), (30, CutLink("broker-1", "broker-2")),
        (31, ElectLeader("orders-0")), (33, Crash("broker-1")), (46, HealLink("broker-1", "broker-2")),
        (47, Restart("broker-1")), replicas=2, acks="1",
    )  # fmt: skip


SINCE_KIP_279 = fast_failover(COMMON_EPOCH)


def todays_rule_cuts_at_the_high_watermark_all_the_same(patch: Patch) -> None:
    """And the brokers say nothing of it in their settings."""

    def fetch_from(self: Any, env: Env, leader_id: int, partition: Partition) -> None:
        partition.truncate(env, partition.log.high_watermark)
        honest(self, env, leader_id, partition)

    honest = replica_manager.ReplicaManager._fetch_from
    patch.setattr(replica_manager.ReplicaManager, "_fetch_from", fetch_from)


def the_older_rule_cuts_below_the_high_watermark(patch: Patch) -> None:
    def cut(env: Env, fetcher: ReplicaFetcher, partition: Partition) -> None:
        log = partition.log
        end, mark = log.log_end_offset, log.high_watermark
        log.truncate_to(max(0, mark - 40), env.wall_time_ms)
        env.tell(facts.Truncated(partition.partition, log.log_end_offset, end, mark))
        older_truncation._cut(fetcher, partition)

    patch.setattr(older_truncation, "to_high_watermark", cut)


def a_leader_cuts_as_well(patch: Patch) -> None:
    def become_leader(self: Partition, env: Env, state: PartitionState) -> None:
        if state.leader_epoch > self.leader_epoch:
            self.truncate(env, self.log.high_watermark)
        honest(self, env, state)

    honest = Partition.become_leader
    patch.setattr(Partition, "become_leader", become_leader)


def who_asks_for_epochs_cuts_at_the_high_watermark(patch: Patch) -> None:
    patch.setattr(older_truncation, "_point", lambda rule, partition, answer: (partition.log.high_watermark, True))
    patch.setattr(
        older_truncation, "ask",
        lambda broker, env, fetcher, partitions: [
            older_truncation.to_high_watermark(env, fetcher, partitions[name]) for name in list(fetcher.truncating)
        ] and False,
    )  # fmt: skip


def the_first_answer_is_believed(patch: Patch) -> None:
    """As before KIP-279, with a rule that says otherwise."""
    honest = older_truncation._point
    patch.setattr(older_truncation, "_point", lambda rule, *rest: honest(LAST_EPOCH, *rest))


MUTANTS: tuple[tuple[Callable[[Patch], None], Plan, str], ...] = (
    (todays_rule_cuts_at_the_high_watermark_all_the_same, TODAY, COMPLETE),
    (the_older_rule_cuts_below_the_high_watermark, BEFORE_KIP_101, COMPLETE),
    (the_first_answer_is_believed, SINCE_KIP_279, "the same offset and epoch mean the same records"),
    (a_leader_cuts_as_well, BEFORE_KIP_101, COMPLETE),
    (who_asks_for_epochs_cuts_at_the_high_watermark, BEFORE_KIP_279, COMPLETE),
)

HUNTED = tuple(Mutant(lie, claim, in_plan(plan)) for lie, plan, claim in MUTANTS)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_about_older_rules_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt


@pytest.mark.parametrize("plan", [BEFORE_KIP_101, BEFORE_KIP_279, SINCE_KIP_279, TODAY], ids=RULES)
def test_without_a_lie_no_more_is_lost_than_the_rule_allows(plan: Plan):
    assert of_plan(plan) == ""
