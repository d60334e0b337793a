"""Words of settings and of what clients were told when they broke them."""

from lab.cluster.actions.settings import configured, group_config, topic_settings
from lab.cluster.build import topic_exists
from lab.cluster.lookup.parts import ledger_of
from lab.cluster.refused import Refused
from lab.cluster.words.word import Value, word
from lab.kafka.config.definition import attribute
from lab.kafka.config.group import GroupConfig
from lab.world.world import World


@word(2)
def setting(world: World, thing: Value, name: Value) -> Value:
    """The value of a setting of a topic, a server, a client or a group."""
    host = world.hosts.get(str(thing))
    config = configured(world, host) if host is not None else None
    if config is None and topic_exists(world, str(thing)):
        config = topic_settings(world, str(thing))
    if config is None and name in GroupConfig.settings:
        config = group_config(world, str(thing))
    if config is None or name not in config.settings:
        raise Refused(f"wanted a setting of a topic, a server, a client or a group, found {name!r} of {thing!r}")
    value = getattr(config, attribute(str(name)))
    assert isinstance(value, (int, str))
    return value


@word(2)
def errors(world: World, producer: Value, error: Value) -> Value:
    """How many records of a producer failed with an error, as its callback was told."""
    return ledger_of(world).errors.get((str(producer), str(error)), 0)
