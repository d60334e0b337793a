"""What one fuzz seed changes of its brokers' settings while they run (KIP-226).

It has dice of its own, and leaves most seeds alone, so that what these mean stays as it was.
"""

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.settings import SetBrokerConfig, SetClusterConfig
from lab.cluster.fuzzing.draw import Draw
from lab.cluster.spec import ClusterSpec
from lab.env import Micros, seconds

PERCENT = 15
CHANGES_MAX = 8
WITHIN_S = 95
VALUES: dict[str, tuple[str, ...]] = {
    "follower.replication.throttled.rate": ("2000", "100000", ""),
    "leader.replication.throttled.rate": ("2000", "100000", ""),
    "log.cleaner.backoff.ms": ("500", "20000", ""),
    "log.cleaner.dedupe.buffer.size": ("120", "480", ""),
    "log.cleaner.io.max.bytes.per.second": ("2000", "20000", ""),
    "log.retention.bytes": ("5000", "20000", ""),
    "log.segment.bytes": ("2000", "20000", ""),
    "message.max.bytes": ("2000", "1000000", ""),
    "min.insync.replicas": ("1", "2", ""),
    "producer.id.expiration.ms": ("20000", ""),
    "unclean.leader.election.enable": ("true", "false", ""),
}


def changes(seed: int, spec: ClusterSpec, first: Micros) -> list[tuple[Micros, ClusterAction]]:
    """When which setting becomes what, of all brokers or of one."""
    draw = Draw(seed, "dynamic")
    if not draw.percent(PERCENT):
        return []
    found: list[tuple[Micros, ClusterAction]] = []
    for _ in range(draw.number(1, CHANGES_MAX)):
        name = draw.of(*VALUES)
        value = draw.of(*VALUES[name])
        at = first + draw.dice.below(seconds(WITHIN_S) - first)
        if draw.percent(50):
            found.append((at, SetClusterConfig(name, value)))
        else:
            found.append((at, SetBrokerConfig(f"broker-{draw.number(1, spec.brokers)}", name, value)))
    return found
