"""Lies about replicas that move or are eligible: each is found in a plan of its own, by the claim that it breaks."""

from collections.abc import Callable
from typing import Any

import pytest

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.machines import Crash, Freeze, PowerOff, Restart, Stop, Thaw
from lab.cluster.actions.network import CutLink, HealLink, Isolate, Rejoin, SlowLink
from lab.cluster.actions.replicas import CancelReassignment, Reassign
from lab.cluster.fuzzing import fuzz
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.env import Env, seconds
from lab.kafka.broker.fetching import Fetching
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.read_replicas import RACK_AWARE
from lab.kafka.controller import brokers, eligibility, reassignment
from lab.kafka.controller.controller import Controller
from lab.kafka.metadata.image import EligibleReplicas, MetadataImage, PartitionState
from tests.mutants import Mutant, in_plan, name_of, of_plan

Patch = pytest.MonkeyPatch


def planned(*deeds: tuple[float, ClusterAction], brokers: int = 4, **spec: Any) -> Plan:
    """orders-0 on brokers 1, 2, 3, written by `web` with acks=all; deeds at seconds."""
    config = (("replica.lag.time.max.ms", "2000"), ("offsets.topic.num.partitions", "1"), *spec.pop("config", ()))
    topic = TopicSpec("orders", 1, 3, (("min.insync.replicas", "2"),))
    web = ProducerSpec("web", "orders", 50, config=(("acks", "all"), ("delivery.timeout.ms", "60000")))
    made = ClusterSpec(1, brokers, (topic,), (web,), broker_config=config, **spec)
    return Plan(1, made, tuple((round(at * seconds(1)), deed) for at, deed in deeds))


def moved(*deeds: tuple[float, ClusterAction]) -> Plan:
    return planned((5, Reassign("orders-0", ("broker-4", "broker-2", "broker-3"))), *deeds)


REORDERED = planned((5, Reassign("orders-0", ("broker-2", "broker-1", "broker-3"))))
ON = (("eligible.leader.replicas.enable", "true"),)
LAST_ONE_LOSES_POWER = planned(
    (5, Isolate("broker-3")), (18, Stop("broker-2")), (19, PowerOff(("broker-1",))), (20, Restart("broker-1")),
    (40, Restart("broker-2")), (41, Rejoin("broker-3")), brokers=3, config=ON,
)  # fmt: skip
ONE_LEFT_EARLY = planned(
    (5, Isolate("broker-3")), (18, Stop("broker-2")), (19, Freeze("broker-1")), (20, Rejoin("broker-3")),
    (40, Restart("broker-2")), (60, Thaw("broker-1")), brokers=3, config=ON,
)  # fmt: skip
NEARBY = planned(
    (6, CutLink("broker-1", "broker-2", one_way=True)), (7, CutLink("broker-3", "broker-1")),
    (7.2, HealLink("broker-1", "broker-2")), (8, HealLink("broker-3", "broker-1")),
    brokers=3, racks=("a", "b", "c"), config=(("replica.selector.class", RACK_AWARE),),
    consumers=(ConsumerSpec("app", "pay", ("orders",), config=(("client.rack", "b"),)),),
)  # fmt: skip


def cut_over_before_the_target_is_in_sync(patch: Patch) -> None:
    def finish(
        image: MetadataImage, state: PartitionState, target: tuple[int, ...], isr: Any, reason: str = "reassigned"
    ) -> Any:
        here = tuple(one for one in isr if one in target)
        return reassignment._settled(image, state, target, here, False, reason)

    patch.setattr(reassignment, "finish", finish)


def target_is_in_sync_before_it_has_copied(patch: Patch) -> None:
    def fetched_by(self: Partition, env: Env, replica_id: int, *rest: Any) -> bool:
        honest(self, env, replica_id, *rest)
        return replica_id in self.remotes and replica_id not in self.in_sync_replicas and self.pending_isr is None

    honest = Partition.fetched_by
    patch.setattr(Partition, "fetched_by", fetched_by)


def cancelling_keeps_what_was_added(patch: Patch) -> None:
    def settled(image: Any, state: PartitionState, replicas: Any, isr: Any, unclean: bool, reason: str) -> Any:
        return honest(image, state, state.replicas if reason == "cancelled" else replicas, isr, unclean, reason)

    honest = reassignment._settled
    patch.setattr(reassignment, "_settled", settled)


def a_move_done_at_once_keeps_the_old_order(patch: Patch) -> None:
    """Nothing is copied, so nobody looks: but the first of the list is the preferred leader."""

    def settled(image: Any, state: PartitionState, replicas: Any, isr: Any, unclean: bool, reason: str) -> Any:
        at_once = reason == "reassigned at once"
        kept = tuple(one for one in state.replicas if one in replicas) if at_once else replicas
        return honest(image, state, kept, isr, unclean, reason)

    honest = reassignment._settled
    patch.setattr(reassignment, "_settled", settled)


def leader_does_not_count_who_was_added(patch: Patch) -> None:
    patch.setattr(Partition, "_follow_assignment", lambda self, env: None)
    patch.setattr(fuzz, "REST_WITHIN_S", 60)


def unclean_restart_keeps_eligibility(patch: Patch) -> None:
    def leave(controller: Controller, broker_id: int, reason: str, *, lost: bool = False) -> Any:
        return honest(controller, broker_id, reason)

    honest = brokers.leave_everything
    patch.setattr(brokers, "leave_everything", leave)


def whoever_is_a_replica_is_eligible(patch: Patch) -> None:
    def after(image: MetadataImage, state: PartitionState, isr: Any, replicas: Any, *rest: Any) -> EligibleReplicas:
        found = honest(image, state, isr, replicas, *rest)
        return EligibleReplicas(tuple(one for one in replicas if one not in isr), ()) if any(found) else found

    honest = eligibility.after
    patch.setattr(eligibility, "after", after)


def follower_shows_what_is_not_committed(patch: Patch) -> None:
    def readable(self: Fetching, partition: Partition, request: Any) -> int:
        return honest(self, partition, request) if partition.leading else partition.log.log_end_offset

    honest = Fetching._readable_to
    patch.setattr(Fetching, "_readable_to", readable)


MUTANTS: tuple[tuple[Callable[[Patch], None], Plan, str], ...] = (
    (cut_over_before_the_target_is_in_sync, moved(), "a reassignment ends with its target"),
    (target_is_in_sync_before_it_has_copied, moved((4.9, SlowLink("broker-1", "broker-4"))),
     "every in-sync replica has what its leader committed"),
    (cancelling_keeps_what_was_added, moved((4.9, Crash("broker-4")), (6, CancelReassignment("orders-0"))),
     "a reassignment ends with its target"),
    (a_move_done_at_once_keeps_the_old_order, REORDERED, "a reassignment ends with its target"),
    (leader_does_not_count_who_was_added, moved(), "no rest"),
    (unclean_restart_keeps_eligibility, LAST_ONE_LOSES_POWER, "a new leader has every committed record"),
    (whoever_is_a_replica_is_eligible, ONE_LEFT_EARLY, "an eligible leader replica has every committed record"),
    (follower_shows_what_is_not_committed, NEARBY, "a consumer sees exactly the committed records"),
)  # fmt: skip

HUNTED = tuple(Mutant(lie, claim, in_plan(plan)) for lie, plan, claim in MUTANTS)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_about_replicas_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt


@pytest.mark.parametrize("plan", dict.fromkeys(plan for _, plan, _ in MUTANTS), ids=lambda plan: str(len(plan.actions)))
def test_without_a_lie_its_plan_holds(plan: Plan):
    assert of_plan(plan) == ""
