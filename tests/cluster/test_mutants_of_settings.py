"""Lies about settings that change while brokers run: each is found by the claim that it breaks."""

from collections.abc import Callable
from typing import Any

import pytest

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.replicas import ThrottleReplication
from lab.cluster.actions.settings import SetBrokerConfig, SetClusterConfig, SetGroupConfig, SetTopicConfig
from lab.cluster.actions.topics import CreateTopic
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.spec import ClusterSpec, ProducerSpec, TopicSpec
from lab.env import Env, seconds
from lab.kafka.broker import publishing
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.group_configs import GroupConfigs
from lab.kafka.broker.replica_manager import ReplicaManager
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.controller.controller import UNCLEAN, Controller
from lab.kafka.metadata.image import MetadataImage
from tests.mutants import Mutant, in_plan, name_of, of_plan

Patch = pytest.MonkeyPatch
IN_FORCE = "a broker works with the settings of the metadata log"


def planned(*deeds: tuple[int, ClusterAction], **config: str) -> Plan:
    """orders-0 on three brokers, written with acks=1; deeds at seconds."""
    set_up = tuple((name.replace("_", "."), value) for name, value in config.items())
    web = ProducerSpec("web", "orders", 20, config=(("acks", "1"),))
    spec = ClusterSpec(1, 3, (TopicSpec("orders", 1, 3),), (web,), broker_config=set_up)
    return Plan(1, spec, tuple((seconds(at), deed) for at, deed in deeds))


def broker_ignores_a_changed_setting(patch: Patch) -> None:
    patch.setattr(publishing, "_reconfigure", lambda broker, env: False)


def broker_has_what_is_set_for_another(patch: Patch) -> None:
    def settings(image: MetadataImage, broker_id: int) -> dict[str, str]:
        return {name: value for config in image.broker_config.values() for name, value in config.items()}

    patch.setattr(publishing, "dynamic_settings", settings)


def default_of_all_wins_over_a_topics_own(patch: Patch) -> None:
    def config(self: ReplicaManager, image: MetadataImage, topic: str) -> TopicConfig:
        return TopicConfig({**image.topics[topic].config, **self.config.topic_defaults()})

    patch.setattr(ReplicaManager, "topic_config", config)


def changed_default_is_for_new_topics_only(patch: Patch) -> None:
    def reconfigure(broker: Broker, env: Env) -> bool:
        honest(broker, env)
        return False

    honest = publishing._reconfigure
    patch.setattr(publishing, "_reconfigure", reconfigure)


def throttle_keeps_its_old_rate(patch: Patch) -> None:
    def throttle(broker: Broker, env: Env) -> None:
        if broker.replicas.throttle is None:
            honest(broker, env)

    honest = publishing._throttle
    patch.setattr(publishing, "_throttle", throttle)


def what_was_reset_stays_in_force(patch: Patch) -> None:
    def update(self: Any, dynamic: Any) -> None:
        honest(self, {**self.overrides, **dynamic})

    honest = BrokerConfig.update
    patch.setattr(BrokerConfig, "update", update)


def controller_asks_all_brokers_before_the_topic(patch: Patch) -> None:
    def allowed(self: Controller, topic: str) -> bool:
        return self.image.broker_config.get("", {}).get(UNCLEAN) == "true" or honest(self, topic)

    honest = Controller.unclean_allowed
    patch.setattr(Controller, "unclean_allowed", allowed)


def group_keeps_what_it_had(patch: Patch) -> None:
    def update(self: GroupConfigs, image: MetadataImage) -> None:
        known = self.known
        honest(self, image)
        self.known = known

    honest = GroupConfigs.update
    patch.setattr(GroupConfigs, "update", update)


A_GROUP = planned(
    (3, SetGroupConfig("pay", "share.session.timeout.ms", "7000")),
    (5, SetGroupConfig("pay", "share.session.timeout.ms", "")),
)
FOR_ALL = planned((3, SetClusterConfig("log.retention.ms", "60000")))
FOR_ONE = planned((3, SetBrokerConfig("broker-2", "log.cleaner.io.buffer.size", "4096")))
OWN = planned(
    (3, SetTopicConfig("orders", "retention.ms", "90000")), (5, SetClusterConfig("log.retention.ms", "60000"))
)
THROTTLED = planned((3, ThrottleReplication(50_000)), (5, ThrottleReplication(90_000)))
RESET = planned((3, SetClusterConfig("min.insync.replicas", "2")), (5, SetClusterConfig("min.insync.replicas", "")))
FORBIDDEN = planned(
    (1, SetTopicConfig("orders", UNCLEAN, "false")), (2, SetClusterConfig(UNCLEAN, "true")),
    (3, Crash("broker-2")), (3, Crash("broker-3")), (15, Crash("broker-1")), (16, Restart("broker-2")),
    (30, Restart("broker-1")), (31, Restart("broker-3")),
    unclean_leader_election_interval_ms="2000",
)  # fmt: skip
MADE_LATER = planned((3, SetClusterConfig("log.segment.bytes", "2000")), (5, CreateTopic("late", 1, 3)))

MUTANTS: tuple[tuple[Callable[[Patch], None], Plan, str], ...] = (
    (broker_ignores_a_changed_setting, FOR_ALL, IN_FORCE),
    (broker_has_what_is_set_for_another, FOR_ONE, IN_FORCE),
    (default_of_all_wins_over_a_topics_own, OWN, IN_FORCE),
    (changed_default_is_for_new_topics_only, FOR_ALL, IN_FORCE),
    (throttle_keeps_its_old_rate, THROTTLED, IN_FORCE),
    (what_was_reset_stays_in_force, RESET, IN_FORCE),
    (group_keeps_what_it_had, A_GROUP, IN_FORCE),
    (controller_asks_all_brokers_before_the_topic, FORBIDDEN, "only the in-sync are elected"),
)

HUNTED = tuple(Mutant(lie, claim, in_plan(plan)) for lie, plan, claim in MUTANTS)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_about_settings_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt


@pytest.mark.parametrize("plan", [FOR_ALL, FOR_ONE, A_GROUP, OWN, THROTTLED, RESET, FORBIDDEN, MADE_LATER])
def test_without_a_lie_its_plan_holds(plan: Plan):
    assert of_plan(plan) == ""
