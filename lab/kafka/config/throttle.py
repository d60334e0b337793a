"""Settings that slow replication down, per broker and changeable while it runs (spec 2.11)."""

from typing import ClassVar

from lab.kafka.config.definition import LONG_MAX, Config, Setting, table


class ThrottleConfig(Config):
    """How many bytes a second replicas that are not in sync may be copied with."""

    follower_replication_throttled_rate: int
    leader_replication_throttled_rate: int

    settings: ClassVar = table(
        Setting("follower.replication.throttled.rate", LONG_MAX, "bytes a second a broker may copy as a follower", 1),
        Setting("leader.replication.throttled.rate", LONG_MAX, "bytes a second a broker may give as a leader", 1),
    )
