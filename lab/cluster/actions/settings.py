"""Settings of topics, brokers and clients: each changed as Kafka lets one change it.

A topic's holds at once: a request of the administrator. So does a broker's that may change while it runs (KIP-226); all
others stand in its `server.properties`, which it reads when it starts. A client's needs another client, which its
application makes by itself.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, machine, running
from lab.cluster.actions.clients import hangs
from lab.cluster.actions.topics import unknown_topic
from lab.cluster.build import ADMIN, image_of
from lab.env import NodeId
from lab.kafka.broker.recipe import BrokerRecipe
from lab.kafka.clients.recipes import ConsumerRecipe, ProcessorRecipe, ProducerRecipe
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import Config, InvalidConfig
from lab.kafka.config.group import GroupConfig, of_group
from lab.kafka.config.topic import TopicConfig
from lab.kafka.controller.recipe import ControllerRecipe, VoterRecipe
from lab.kafka.metadata.settings import cluster_settings, dynamic_settings
from lab.kafka.orders import Admin
from lab.kafka.orders import SetClientConfig as Order
from lab.kafka.protocol.messages.configs import (
    ALL_BROKERS,
    ConfigResource,
    DescribeConfigsRequest,
    IncrementalAlterConfigsRequest,
    broker_resource,
    group_resource,
    topic_resource,
)
from lab.world.host import Host
from lab.world.world import World

TRANSACTIONS = "transactional.id"
Texts = tuple[tuple[str, str], ...]


def configured(world: World, host: Host) -> Config | None:
    """The settings that a machine's process has, or will have when it starts next; None if it has none."""
    recipe = host.recipe
    if isinstance(recipe, (ProducerRecipe, ConsumerRecipe)):
        return recipe.config()
    if not isinstance(recipe, (BrokerRecipe, ControllerRecipe, VoterRecipe)):
        return None
    config = BrokerConfig(recipe.configs)
    if isinstance(recipe, BrokerRecipe):
        config.update(dynamic_settings(image_of(world), recipe.broker_id))
    return config


def cluster_config(world: World) -> BrokerConfig:
    """What a broker has that nobody has set anything for alone: the first one's file, and what is set for all."""
    first = next((host.recipe for host in world.hosts.values() if isinstance(host.recipe, BrokerRecipe)), None)
    config = BrokerConfig(first.configs if first is not None else ())
    config.update(cluster_settings(image_of(world)))
    return config


def topic_settings(world: World, topic: str) -> TopicConfig:
    """The settings of a topic, as the cluster knows them: its own over the brokers' defaults."""
    return TopicConfig({**cluster_config(world).topic_defaults(), **image_of(world).topics[topic].config})


def group_config(world: World, group: str) -> GroupConfig:
    """The settings of a group: its own over the brokers'."""
    return of_group(cluster_config(world), image_of(world).group_config.get(group, {}))


def holds_at_once(host: Host, setting: str) -> bool:
    """Whether a change reaches this server while it runs. Controllers hear only of what is set for all."""
    known = BrokerConfig.settings.get(setting)
    return isinstance(host.recipe, BrokerRecipe) and known is not None and known.dynamic


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


def unknown_setting(kind: type[Config], setting: str) -> str:
    """The refusal when there is no such setting; none at all is well."""
    return "" if not setting or setting in kind.settings else wrong(kind(), setting, "")


def ask_for(world: World, resource: ConfigResource, setting: str) -> None:
    """Have the administrator ask for a setting, or for all."""
    names = (setting,) if setting else None
    world.signal(ADMIN, Admin(DescribeConfigsRequest({resource: names})))


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
        body = IncrementalAlterConfigsRequest({topic_resource(self.topic): {self.setting: self.value or None}})
        world.signal(ADMIN, Admin(body))
        world.mark("changed", self.topic, f"{self.topic}: {as_text(self.setting, self.value)}")

    def describe(self) -> str:
        return f"Set {self.setting} of {self.topic} to {self.value or 'its default'}"


@dataclass(frozen=True, slots=True)
class SetBrokerConfig(ClusterAction):
    """Change a setting of one server: at once, by a request to the controller, where it may change while a broker runs;
    else in its `server.properties`, which it reads when it starts next. An empty value goes back to the default.
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
        config = configured(world, world.hosts[self.node])
        assert config is not None
        return wrong(config, self.setting, self.value)

    def apply(self, world: World) -> None:
        host = world.hosts[self.node]
        recipe = host.recipe
        text = f"{self.node}: {as_text(self.setting, self.value)}"
        if holds_at_once(host, self.setting):
            assert isinstance(recipe, BrokerRecipe)
            changes = {self.setting: self.value or None}
            world.signal(ADMIN, Admin(IncrementalAlterConfigsRequest({broker_resource(recipe.broker_id): changes})))
            world.mark("changed", self.node, text)
            return
        assert isinstance(recipe, (BrokerRecipe, ControllerRecipe, VoterRecipe))
        host.recipe = replace(recipe, configs=changed(BrokerConfig(recipe.configs), self.setting, self.value))
        when = "" if host.node is None else ", from its next start"
        world.mark("changed", self.node, f"{text}{when}")

    def describe(self) -> str:
        return f"Set {self.setting} of {self.node} to {self.value or 'its default'}"


@dataclass(frozen=True, slots=True)
class SetClusterConfig(ClusterAction):
    """Change a setting of all brokers while they run, and of topics that have none of their own. An empty value goes
    back to what each broker was started with.
    """

    setting: str
    value: str

    on: ClassVar[tuple[str, ...]] = ("cluster",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "settings"
    title: ClassVar[str] = "Change a setting of all brokers"

    def refusal(self, world: World) -> str:
        known = BrokerConfig.settings.get(self.setting)
        if known is not None and not known.dynamic:
            return f"{self.setting} is {known.update_mode}: change it broker by broker, from the next start"
        return wrong(cluster_config(world), self.setting, self.value)

    def apply(self, world: World) -> None:
        changes = {self.setting: self.value or None}
        world.signal(ADMIN, Admin(IncrementalAlterConfigsRequest({ALL_BROKERS: changes})))
        world.mark("changed", "cluster", f"all brokers: {as_text(self.setting, self.value)}")

    def describe(self) -> str:
        return f"Set {self.setting} of all brokers to {self.value or 'its default'}"


@dataclass(frozen=True, slots=True)
class SetGroupConfig(ClusterAction):
    """Change a setting of one group of the consumer protocol or share group. An empty value goes back to what the
    brokers have for all groups.
    """

    group: str
    setting: str
    value: str

    on: ClassVar[tuple[str, ...]] = ("group",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "settings"
    title: ClassVar[str] = "Change a setting"

    def refusal(self, world: World) -> str:
        return wrong(group_config(world, self.group), self.setting, self.value) if self.group else "wanted a group"

    def apply(self, world: World) -> None:
        changes = {self.setting: self.value or None}
        world.signal(ADMIN, Admin(IncrementalAlterConfigsRequest({group_resource(self.group): changes})))
        world.mark("changed", self.group, f"{self.group}: {as_text(self.setting, self.value)}")

    def describe(self) -> str:
        return f"Set {self.setting} of {self.group} to {self.value or 'its default'}"


@dataclass(frozen=True, slots=True)
class DescribeTopicConfigs(ClusterAction):
    """Ask a broker for the settings of a topic that anybody has set, with all that set them, or for a single one."""

    topic: str
    setting: str = ""

    on: ClassVar[tuple[str, ...]] = ("topic",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "settings"
    title: ClassVar[str] = "Describe its settings"

    def refusal(self, world: World) -> str:
        return unknown_topic(world, self.topic) or unknown_setting(TopicConfig, self.setting)

    def apply(self, world: World) -> None:
        ask_for(world, topic_resource(self.topic), self.setting)

    def describe(self) -> str:
        return f"Describe {self.setting or 'the settings'} of {self.topic}"


@dataclass(frozen=True, slots=True)
class DescribeBrokerConfigs(ClusterAction):
    """Ask a broker for its settings that anybody has set, with all that set them, or for a single one."""

    node: NodeId
    setting: str = ""

    on: ClassVar[tuple[str, ...]] = ("broker",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "settings"
    title: ClassVar[str] = "Describe its settings"

    def refusal(self, world: World) -> str:
        return running(world, self.node, self.on) or unknown_setting(BrokerConfig, self.setting)

    def apply(self, world: World) -> None:
        recipe = world.hosts[self.node].recipe
        assert isinstance(recipe, BrokerRecipe)
        ask_for(world, broker_resource(recipe.broker_id), self.setting)

    def describe(self) -> str:
        return f"Describe {self.setting or 'the settings'} of {self.node}"


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
        config = configured(world, host)
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
