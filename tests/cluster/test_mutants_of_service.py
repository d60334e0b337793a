"""Lies that are slow but correct: nothing is lost, nobody is wrong, and only a service level finds them."""

from dataclasses import replace

import pytest

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.env import Env, millis, seconds
from lab.kafka.broker.copying import Copying
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.replica_fetcher import ReplicaFetcher
from lab.kafka.clients.consumer.classic_membership import ClassicMembership
from lab.kafka.protocol.messages.fetch import FetchResponse
from tests.mutants import Mutant, in_plan, name_of, of_plan

Patch = pytest.MonkeyPatch

CLIENT = (("metadata.max.age.ms", "10000"), ("request.timeout.ms", "5000"))
SPEC = ClusterSpec(
    11, 3, (TopicSpec("orders", 2, 3, (("min.insync.replicas", "2"),)),),
    (ProducerSpec("shop", "orders", 10, config=(*CLIENT, ("delivery.timeout.ms", "10000"))),),
    tuple(ConsumerSpec(name, "app", ("orders",), config=CLIENT) for name in ("app-1", "app-2")),
    service_levels=True,
)  # fmt: skip
ALONE = Plan(11, SPEC, ())


def a_follower_pauses_between_fetches(patch: Patch) -> None:
    """As if a timer had been set where the next fetch was to be sent."""

    def received(
        self: Copying, env: Env, fetcher: ReplicaFetcher, correlation_id: int, body: FetchResponse
    ) -> list[Partition]:
        moved = honest(self, env, fetcher, correlation_id, body)
        for name in fetcher.ready_at:
            fetcher.delay(name, env.now + millis(100))
        return moved

    honest = Copying.received
    patch.setattr(Copying, "received", received)


def a_group_leader_joins_again_at_every_refresh(patch: Patch) -> None:
    """As if it compared what it has planned for with what it never kept."""

    def notice(self: ClassicMembership) -> None:
        self.rejoin = self.rejoin or (self.leads and self.stage == "stable")

    patch.setattr(ClassicMembership, "_notice_new_partitions", notice)


MUTANTS = (
    (a_follower_pauses_between_fetches, "while nothing is broken what is written is committed, acknowledged and read"),
    (
        a_group_leader_joins_again_at_every_refresh,
        "while nothing is broken a group that has settled does not rebalance",
    ),
)
HUNTED = tuple(Mutant(lie, claim, in_plan(ALONE)) for lie, claim in MUTANTS)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_slow_lie_is_found_by_a_service_level_and_by_nothing_else(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt
    assert of_plan(replace(ALONE, spec=replace(SPEC, service_levels=False))) == ""


def test_without_a_lie_the_cluster_is_prompt():
    assert of_plan(ALONE) == ""


def test_with_the_first_fault_service_levels_fall_silent():
    """A leader that is killed is missed for seconds: that is the fault's doing, and no claim is broken."""
    down = ((seconds(30), Crash("broker-1")), (seconds(40), Restart("broker-1")))
    assert of_plan(replace(ALONE, actions=down)) == ""
