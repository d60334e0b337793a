"""Settings of topics, brokers and clients: each changed as Kafka lets one change it.

A topic's holds at once: a request of the administrator. A broker's stands in its `server.properties`, which it reads
when it starts. A client's needs another client, which its application makes by itself.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, machine
from lab.cluster.actions.clients import hangs
from lab.cluster.actions.topics import unknown_topic
from lab.cluster.build import ADMIN, image_of
from lab.env import NodeId
from lab.kafka.broker.recipe import BrokerRecipe
from lab.kafka.clients.recipes import ConsumerRecipe, ProcessorRecipe, ProducerRecipe
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import Config, InvalidConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.controller.recipe import ControllerRecipe, VoterRecipe
from lab.kafka.orders import Admin
from lab.kafka.orders import SetClientConfig as Order
from lab.kafka.protocol.messages.topics import IncrementalAlterConfigsRequest
from lab.world.host import Host
from lab.world.world import World

TRANSACTIONS = "transactional.id"
Texts = tuple[tuple[str, str], ...]


def configured(host: Host) -> Config | None:
    """The settings that a machine's process has, or will have when it starts next; None if it has none."""
    recipe = host.recipe
    if isinstance(recipe, (ProducerRecipe, ConsumerRecipe)):
        return recipe.config()
    return BrokerConfig(recipe.configs) if isinstance(recipe, (BrokerRecipe, ControllerRecipe, VoterRecipe)) else None


def topic_settings(world: World, topic: str) -> TopicConfig:
    """The settings of a topic, as the cluster knows them."""
    return TopicConfig(image_of(world).topics[topic].config)


def changed(config: Config, setting: str, value: str) -> Texts:
    """What is set after a change; an empty value goes back to the default. Raises InvalidConfig."""
    found = config.again(config.changed({setting: value or None}))
    return tuple((name, found.shown(name)) for name in found.overrides)


def wrong(config: Config, setting: str, value: str) -> str:
    """The refusal when the setting does not exist, or the value is not in its range."""
    try:
        if setting not in config.settings:
            config.again({setting: value})
        changed(config, setting, value)
    except InvalidConfig as refused:
        return str(refused)
    return ""


def as_text(setting: str, value: str) -> str:
    """`retention.ms = 1000`, or that it goes back."""
    return f"{setting} = {value}" if value else f"{setting} goes back to its default"


@dataclass(frozen=True, slots=True)
class SetTopicConfig(ClusterAction):
    """Change a topic's setting while it runs. An empty value goes back to the default."""

    topic: str
    setting: str
    value: str

    on: ClassVar[tuple[str, ...]] = ("topic", "partition")
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "settings"
    title: ClassVar[str] = "Change a setting"

    def refusal(self, world: World) -> str:
        return unknown_topic(world, self.topic) or wrong(topic_settings(world, self.topic), self.setting, self.value)

    def apply(self, world: World) -> None:
        body = IncrementalAlterConfigsRequest({self.topic: {self.setting: self.value or None}})
        world.signal(ADMIN, Admin(body))
        world.mark("changed", self.topic, f"{self.topic}: {as_text(self.setting, self.value)}")

    def describe(self) -> str:
        return f"Set {self.setting} of {self.topic} to {self.value or 'its default'}"


@dataclass(frozen=True, slots=True)
class SetBrokerConfig(ClusterAction):
    """Write a setting into a server's `server.properties`. It is read when the server starts next. An empty value goes
    back to the default.
    """

    node: NodeId
    setting: str
    value: str

    on: ClassVar[tuple[str, ...]] = ("broker", "controller")
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "settings"
    title: ClassVar[str] = "Change a setting"

    def refusal(self, world: World) -> str:
        if impossible := machine(world, self.node, self.on):
            return impossible
        config = configured(world.hosts[self.node])
        assert config is not None
        return wrong(config, self.setting, self.value)

    def apply(self, world: World) -> None:
        host = world.hosts[self.node]
        recipe = host.recipe
        assert isinstance(recipe, (BrokerRecipe, ControllerRecipe, VoterRecipe))
        host.recipe = replace(recipe, configs=changed(BrokerConfig(recipe.configs), self.setting, self.value))
        when = "" if host.node is None else ", from its next start"
        world.mark("changed", self.node, f"{self.node}: {as_text(self.setting, self.value)}{when}")

    def describe(self) -> str:
        return f"Set {self.setting} of {self.node} to {self.value or 'its default'}"


@dataclass(frozen=True, slots=True)
class SetClientConfig(ClusterAction):
    """Change a client's setting. No library changes a client that runs: the application closes it, and makes another.
    An empty value goes back to the default.
    """

    node: NodeId
    setting: str
    value: str

    on: ClassVar[tuple[str, ...]] = ("producer", "consumer")
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "settings"
    title: ClassVar[str] = "Change a setting"

    def refusal(self, world: World) -> str:
        if impossible := machine(world, self.node, self.on):
            return impossible
        host = world.hosts[self.node]
        if host.state == "frozen":
            return f"{self.node} is frozen"
        if hangs(world, self.node):
            return f"{self.node} does not poll, and so would not close"
        config = configured(host)
        if config is None:
            return f"the settings of {self.node} are what it was made with"
        if impossible := wrong(config, self.setting, self.value):
            return impossible
        transactional = TRANSACTIONS in (self.setting, *config.overrides) or isinstance(host.recipe, ProcessorRecipe)
        return f"stop {self.node} first: its transactions begin with its process" if transactional and host.node else ""

    def apply(self, world: World) -> None:
        host = world.hosts[self.node]
        recipe = host.recipe
        assert isinstance(recipe, (ProducerRecipe, ConsumerRecipe))
        configs = changed(recipe.config(), self.setting, self.value)
        host.recipe = replace(recipe, configs=configs)
        text = f"{self.node}: {as_text(self.setting, self.value)}"
        if host.node is None:
            world.mark("changed", self.node, text)
            return
        world.signal(self.node, Order(configs))
        world.mark("changed", self.node, f"{text}; it closes its client and makes another")

    def describe(self) -> str:
        return f"Set {self.setting} of {self.node} to {self.value or 'its default'}"
