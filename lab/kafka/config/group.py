"""Settings of a group, where it has its own (KIP-848, KIP-932); else the brokers' for all groups hold."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from lab.env import Sealed
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import Config, attribute, table

OF_BROKERS: Mapping[str, str] = {
    "consumer.heartbeat.interval.ms": "group.consumer.heartbeat.interval.ms",
    "consumer.session.timeout.ms": "group.consumer.session.timeout.ms",
    # In Kafka no setting of a broker, but of each group only.
    "share.auto.offset.reset": "group.share.auto.offset.reset",
    "share.heartbeat.interval.ms": "group.share.heartbeat.interval.ms",
    "share.record.lock.duration.ms": "group.share.record.lock.duration.ms",
    "share.session.timeout.ms": "group.share.session.timeout.ms",
}
"""Of each setting of a group the broker's that is its default."""


class GroupConfig(Config, Sealed):
    """A group's settings."""

    consumer_heartbeat_interval_ms: int
    consumer_session_timeout_ms: int
    share_auto_offset_reset: str
    share_heartbeat_interval_ms: int
    share_record_lock_duration_ms: int
    share_session_timeout_ms: int

    settings: ClassVar = table(
        *(replace(BrokerConfig.settings[of_broker], name=name) for name, of_broker in OF_BROKERS.items()), dynamic=True
    )


def of_group(broker: BrokerConfig, own: Mapping[str, object]) -> GroupConfig:
    """A group's own settings over its broker's."""
    return GroupConfig({**{name: getattr(broker, attribute(one)) for name, one in OF_BROKERS.items()}, **own})
