"""Invariant of settings: what a broker works with is what its file and the metadata log say (KIP-226)."""

from collections.abc import Mapping

from lab.cluster.invariants.base import Invariant
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.partition import Partition
from lab.kafka.combined import controller_of
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import Config, Value, attribute
from lab.kafka.config.group import OF_BROKERS, GroupConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.metadata.image import MetadataImage
from lab.world.world import World


class SettingsInForce(Invariant):
    """One broker's own over those of all over its file; a topic's or group's own over the broker's. Compared are the
    values that are read, with the log as the controller has it where the broker has read all of that.
    """

    claim = "a broker works with the settings of the metadata log"

    @hears(facts.SettingsApplied)
    def _applied(self, world: World, node: NodeId, fact: facts.SettingsApplied) -> None:
        process = world.hosts[node].node
        assert isinstance(process, Broker)
        image = _as_decided(world, fact.offset) or process.image
        wanted = _of_broker(process, image)
        self._compare(process.config, wanted, node)
        throttle = process.replicas.throttle
        rates = wanted.leader_replication_throttled_rate, wanted.follower_replication_throttled_rate
        self.require(
            throttle is None or (throttle.leader_rate, throttle.follower_rate) == rates,
            node, "is throttled otherwise than to", rates,
        )  # fmt: skip
        for group, own in image.group_config.items():
            self._compare(process.group_configs.of(group), _of_group(wanted, own), "group", group, "on", node)
        for partition in process.partitions.values():
            self._look(partition, wanted, image, node)

    @hears(facts.LogLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.LogLoaded) -> None:
        process = world.hosts[node].node
        if isinstance(process, Broker):
            self._look(process.partitions[fact.partition], _of_broker(process, process.image), process.image, node)

    def _look(self, partition: Partition, broker: BrokerConfig, image: MetadataImage, node: NodeId) -> None:
        own = image.topics[partition.partition.topic].config
        wanted = TopicConfig({**broker.topic_defaults(), **own})
        self._compare(partition.config, wanted, partition.partition, "on", node)

    def _compare(self, found: Config, wanted: Config, *where: object) -> None:
        has, should = _values(found), _values(wanted)
        wrong = [name for name, value in should.items() if has[name] != value]
        self.require(
            not wrong,
            *where, "has", ", ".join(f"{name}={has[name]}" for name in wrong),
            "and should have", ", ".join(f"{name}={should[name]}" for name in wrong),
        )  # fmt: skip


def _as_decided(world: World, offset: int) -> MetadataImage | None:
    """The image of a controller that has committed up to here and not further."""
    controllers = [controller_of(host.node) for host in world.hosts.values()]
    images = [one.image for one in controllers if one is not None]
    return next((image for image in images if image.offset == offset), None)


def _of_broker(process: Broker, image: MetadataImage) -> BrokerConfig:
    levels = image.broker_config.get("", {}), image.broker_config.get(str(process.broker_id), {})
    return BrokerConfig({**process.config.static, **levels[0], **levels[1]})


def _of_group(broker: BrokerConfig, own: Mapping[str, str]) -> GroupConfig:
    return GroupConfig({**{name: broker.shown(of_broker) for name, of_broker in OF_BROKERS.items()}, **own})


def _values(config: Config) -> Mapping[str, Value]:
    return {name: getattr(config, attribute(name)) for name in config.settings}


ALL: tuple[type[Invariant], ...] = (SettingsInForce,)
