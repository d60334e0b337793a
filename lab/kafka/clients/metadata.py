"""Metadata: a client's picture of the cluster, which may be old."""

from functools import lru_cache

from lab.env import Address, Micros, address
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.metadata import MetadataResponse
from lab.kafka.protocol.topic_ids import TopicId
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.network_client import NetworkClient


@lru_cache(maxsize=1 << 10)
def _leader(leader_id: int, leader_epoch: int) -> tuple[int, int]:
    """One pair for all partitions that are led alike: a client may know thousands of them."""
    return leader_id, leader_epoch


class Metadata:
    """Brokers, and who leads what in which epoch. A leader with an older epoch is not believed. `denied`: topics that
    the last answer says one may not know of.
    """

    __slots__ = (
        "asked_at",
        "bootstrap",
        "brokers",
        "counts",
        "denied",
        "leaders",
        "missing",
        "needed",
        "topic_ids",
        "topics",
        "turn",
        "updated_at",
        "version",
    )

    def __init__(self, bootstrap: tuple[str, ...], topics: tuple[str, ...]) -> None:
        self.bootstrap = bootstrap
        self.topics = topics
        self.missing: tuple[str, ...] = ()
        self.brokers: dict[int, str] = {}
        self.leaders: dict[TopicPartition, tuple[int, int]] = {}
        self.counts: dict[str, int] = {}
        self.denied: tuple[str, ...] = ()
        self.topic_ids: dict[str, TopicId] = {}
        self.needed = True
        self.asked_at: Micros = -1
        self.updated_at: Micros = -1
        self.turn = 0
        self.version = 0

    def update(self, response: MetadataResponse, now: Micros) -> list[TopicPartition]:
        """Believe an answer, partition by partition, where it is not older than what is known. Returns the partitions
        that are known to have a new leader.
        """
        moved: list[TopicPartition] = []
        self.version += 1
        self.brokers = dict(response.brokers)
        self.missing = tuple(topic for topic in self.missing if topic not in response.topics)
        self.needed = bool(self.missing)
        self.updated_at = now
        self.denied = ()
        for name, topic in response.topics.items():
            if topic.error_code is not ErrorCode.NONE:
                self.needed = True
                if topic.error_code is ErrorCode.TOPIC_AUTHORIZATION_FAILED:
                    self.denied = (*self.denied, name)
                continue
            self.counts[name] = len(topic.partitions)
            if self.topic_ids.get(name, topic.topic_id) != topic.topic_id:
                self._made_again(name)
            self.topic_ids[name] = topic.topic_id
            for partition, one in topic.partitions.items():
                known = self.leaders.get(partition)
                # Brokers from before KIP-320 tell no epoch: theirs is believed, however old it is.
                if known is None or one.leader_epoch >= known[1] or one.leader_epoch < 0:
                    self.leaders[partition] = _leader(one.leader_id, one.leader_epoch)
                if one.leader_id < 0:
                    self.needed = True
                elif known is not None and one.leader_epoch > known[1]:
                    moved.append(partition)
        return moved

    def _made_again(self, name: str) -> None:
        """Another topic under a known name: its epochs begin anew, and may be lower than those of the one before."""
        for partition in [one for one in self.leaders if one.topic == name]:
            del self.leaders[partition]

    def learn_leader(self, partition: TopicPartition, leader: tuple[int, int]) -> bool:
        """A response named the new leader (KIP-951). Whether that was news."""
        known = self.leaders.get(partition)
        if leader[0] >= 0 and (known is None or leader[1] > known[1]) and leader[0] in self.brokers:
            self.leaders[partition] = leader
            self.version += 1
            return True
        return False

    def leader_of(self, partition: TopicPartition) -> str | None:
        """The host that leads a partition, as far as known."""
        leader = self.leaders.get(partition)
        return self.brokers.get(leader[0]) if leader is not None else None

    def epoch_of(self, partition: TopicPartition) -> int:
        """The leader epoch known."""
        return self.leaders.get(partition, (-1, -1))[1]

    def someone(self, net: NetworkClient) -> Address:
        """A broker to ask: the one with the fewest requests out, in turn among equals (leastLoadedNode)."""
        hosts = list(self.brokers.values()) or list(self.bootstrap)
        self.turn += 1
        start = self.turn % len(hosts)
        return address(min(hosts[start:] + hosts[:start], key=net.count))
