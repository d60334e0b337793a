"""Lies that spin: much happens and nothing comes of it. Each is found by the storm that it is."""

from dataclasses import replace
from typing import Any

import pytest

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.fuzzing.fuzz import Run
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.env import Env, Micros, millis, seconds
from lab.env.node import Timer
from lab.kafka.broker.fetching import Fetching
from lab.kafka.clients.consumer.classic_membership import ClassicMembership
from lab.kafka.clients.producer.app import ProducerApp
from lab.kafka.clients.producer.producer import Producer
from lab.kafka.controller import brokers
from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.metadata.records import PartitionChangeRecord
from lab.kafka.protocol.messages.brokers import BrokerHeartbeatRequest
from lab.kafka.protocol.messages.fetch import FetchRequest
from lab.kafka.protocol.messages.groups import SyncGroupResponse
from lab.world.digest import digest
from tests.mutants import Mutant, in_plan, name_of, of_plan

Patch = pytest.MonkeyPatch

CLIENT = (("metadata.max.age.ms", "10000"), ("request.timeout.ms", "5000"))
SPEC = ClusterSpec(
    12, 3, (TopicSpec("orders", 2, 3, (("min.insync.replicas", "2"),)),),
    (ProducerSpec("shop", "orders", 2, config=(*CLIENT, ("delivery.timeout.ms", "20000"))),),
    (ConsumerSpec("app-1", "app", ("orders",), config=CLIENT),),
)  # fmt: skip
ALONE = Plan(12, SPEC, ())
TWO_BROKERS_DOWN = replace(
    ALONE,
    actions=(
        (seconds(10), Crash("broker-1")), (seconds(10) + 10, Crash("broker-2")),
        (seconds(25), Restart("broker-1")), (seconds(25) + 10, Restart("broker-2")),
    ),
)  # fmt: skip
"""One replica is left, and two are wanted: every batch is refused until they are back."""
BUSY_HEARTBEATS = replace(
    ALONE, spec=replace(SPEC, producers=(), broker_config=(("broker.heartbeat.interval.ms", "500"),))
)
"""Nobody writes, so nothing is committed."""


def an_empty_fetch_is_answered_at_once(patch: Patch) -> None:
    """As if consumers had no long polls: they and the leader play ping-pong."""

    def ready(self: Fetching, broker: Any, request: FetchRequest, *session: Any) -> bool:
        return request.replica_id < 0 or honest(self, broker, request, *session)

    honest = Fetching.ready
    patch.setattr(Fetching, "ready", ready)


def a_timer_that_was_due_is_set_for_now(patch: Patch) -> None:
    """As if a deadline that has passed were never taken away: time stands still, and with it the window."""

    def wake(self: ProducerApp, env: Env, timer: Timer) -> None:
        honest(self, env, timer)
        if env.now > seconds(5):
            env.set_timer(timer, env.now)

    honest = ProducerApp.wake
    patch.setattr(ProducerApp, "wake", wake)


def a_producer_tries_again_without_a_pause(patch: Patch) -> None:
    patch.setattr(Producer, "_backoff", lambda self, attempts, env: 0)


def a_member_joins_again_as_soon_as_it_has_joined(patch: Patch) -> None:
    """As if its own assignment were news to it."""

    def synced(self: ClassicMembership, env: Env, body: SyncGroupResponse) -> None:
        honest(self, env, body)
        self.rejoin = True

    honest = ClassicMembership.synced
    patch.setattr(ClassicMembership, "synced", synced)


def a_controller_elects_whoever_does_not_lead(patch: Patch) -> None:
    """As if the balance of leaders were looked at after each heartbeat, and by the wrong end of the list."""

    def heartbeat(controller: Controller, request: BrokerHeartbeatRequest, now: Micros, *asked: Any) -> Decision:
        decision = honest(controller, request, now, *asked)
        for state in controller.image.all_partitions() if now > 0 else ():
            other = next((one for one in state.isr if one != state.leader_id), -1)
            if other >= 0:
                decision.records.append(PartitionChangeRecord(*state.partition, reason="preferred", leader=other))
        return decision

    honest = brokers.heartbeat
    patch.setattr(brokers, "heartbeat", heartbeat)


IDLE = "where nothing comes of it, little happens"
MUTANTS = (
    (an_empty_fetch_is_answered_at_once, ALONE, IDLE),
    (a_timer_that_was_due_is_set_for_now, ALONE, IDLE),
    (a_producer_tries_again_without_a_pause, TWO_BROKERS_DOWN, "between tries is a pause"),
    (a_member_joins_again_as_soon_as_it_has_joined, ALONE, "rebalances lead to something"),
    (a_controller_elects_whoever_does_not_lead, BUSY_HEARTBEATS, "elections lead to something"),
)
HUNTED = tuple(Mutant(lie, claim, in_plan(drawn)) for lie, drawn, claim in MUTANTS)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_spinning_lie_is_found_by_the_storm_that_it_is(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt


@pytest.mark.parametrize("drawn", [ALONE, TWO_BROKERS_DOWN, BUSY_HEARTBEATS], ids=["alone", "two down", "heartbeats"])
def test_without_a_lie_there_is_no_storm(drawn: Plan):
    assert of_plan(drawn) == ""


def test_a_storm_stops_the_world_at_the_same_event_however_it_is_run(monkeypatch: Patch):
    """A window runs in small slices, the fuzzer in large ones."""
    a_timer_that_was_due_is_set_for_now(monkeypatch)
    run = Run(ALONE)
    found = run.failure()
    assert found is not None
    session = Session(SPEC)
    while not session.violation:
        session.run_for(millis(17))
    assert (session.now, session.event_number) == (found.time, found.event_number)
    assert digest(session.world) == digest(run.timeline.world)
