"""Flavour: the defaults and habits of one client library in one version."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.env import Sealed
from lab.kafka.config.definition import Setting, Value

ONLY_ELSEWHERE = (
    "batch.num.messages",
    "enable.auto.offset.store",
    "queue.buffering.max.messages",
    "sticky.partitioning.linger.ms",
)
"""librdkafka's own settings, which no Java client has."""


@dataclass(frozen=True)
class Flavour(Sealed):
    """One client library. `release`: the Apache Kafka release whose defaults hold where `producer` and `consumer` say
    nothing. `lacks`: settings it does not know. `own_names`: what it calls a setting, where that is another word.

    Habits: `refuses_many_in_flight`: more than five requests in flight are an error even where idempotence was only
    the default, which else gives way. `raises_delivery_timeout`: a delivery time-out that is too short by default is
    raised. `mutes_when_idempotent`: an idempotent producer has one batch a partition in flight, and not five.
    `splits_batches`: a batch that the broker finds too large is sent again as two (KIP-126). `blocks_when_full`: send()
    waits for room in the buffer; else it fails at once. `commits_in_background`: a thread commits what was handed to
    the application, however long that works; else poll() commits what earlier polls returned. `hands_out_one`: the
    application gets one record a poll(), not a batch.
    """

    name: str
    title: str
    release: str
    producer: Mapping[str, Value] = field(default_factory=dict[str, Value])
    consumer: Mapping[str, Value] = field(default_factory=dict[str, Value])
    lacks: tuple[str, ...] = ONLY_ELSEWHERE
    own_names: Mapping[str, str] = field(default_factory=dict[str, str])
    refuses_many_in_flight: bool = False
    raises_delivery_timeout: bool = True
    mutes_when_idempotent: bool = False
    splits_batches: bool = True
    blocks_when_full: bool = True
    commits_in_background: bool = False
    hands_out_one: bool = False

    def default_of(self, setting: Setting, own: Mapping[str, Value]) -> Value:
        """The default of a setting; `own` is `producer` or `consumer`."""
        return own[setting.name] if setting.name in own else setting.default_in(self.release)

    def name_of(self, setting: str) -> str:
        """What this client calls a setting."""
        return self.own_names.get(setting, setting)
