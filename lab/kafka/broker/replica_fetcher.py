"""ReplicaFetcher: the follower side of replication from one leader (spec 2.2, 2.3)."""

from lab.env import Address, Micros, address
from lab.kafka.broker.partition import Partition
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest
from lab.kafka.protocol.topics import TopicPartition

CHANNEL = "fetch"
LONG_AGO: Micros = -(1 << 62)
"""Before time zero too, when clusters are set up."""


class FetchState:
    """One followed partition: where its next fetch begins is the end of its log."""

    __slots__ = ("delayed_until", "request")

    def __init__(self) -> None:
        self.delayed_until: Micros = LONG_AGO
        self.request = FetchPartition(-1, 0)


class ReplicaFetcher:
    """Copies from one leader: one fetch in flight, for all partitions that are ready."""

    __slots__ = ("address", "in_flight", "leader_id", "sent", "states")

    def __init__(self, leader_id: int) -> None:
        self.leader_id = leader_id
        self.address: Address = address(f"broker-{leader_id}", CHANNEL)
        self.states: dict[TopicPartition, FetchState] = {}
        self.in_flight = -1
        self.sent: dict[TopicPartition, FetchPartition] = {}

    def request(
        self,
        broker_id: int,
        broker_epoch: int,
        config: BrokerConfig,
        partitions: dict[TopicPartition, Partition],
        now: Micros,
    ) -> FetchRequest | None:
        """The next fetch; None if no partition is ready."""
        wanted: dict[TopicPartition, FetchPartition] = {}
        for name, state in self.states.items():
            if state.delayed_until > now:
                continue
            partition = partitions[name]
            log = partition.log
            epoch = log.epochs.latest
            last = state.request
            # The same object is sent again while nothing has changed: messages are never altered.
            if (
                last.fetch_offset != log.log_end_offset
                or last.current_leader_epoch != partition.leader_epoch
                or last.last_fetched_epoch != epoch
                or last.log_start_offset != log.log_start_offset
            ):
                last = state.request = FetchPartition(
                    log.log_end_offset, config.replica_fetch_max_bytes, partition.leader_epoch, epoch,
                    log.log_start_offset,
                )  # fmt: skip
            wanted[name] = last
        if not wanted:
            return None
        self.sent = wanted
        return FetchRequest(
            broker_id, config.replica_fetch_wait_max_ms, config.replica_fetch_min_bytes,
            config.replica_fetch_response_max_bytes, wanted, broker_epoch,
        )  # fmt: skip

    def delayed(self) -> Micros | None:
        """When the first partition that had to pause is ready again."""
        return min((state.delayed_until for state in self.states.values()), default=None)


def truncation_point(partition: Partition, epoch: int, end_offset: int) -> tuple[int, bool]:
    """Where to cut after the leader said its log diverges: `epoch` ended at `end_offset` there. Returns the
    offset, and whether that settles it (else the next fetch asks about an older epoch).
    """
    log = partition.log
    if end_offset < 0:
        return log.high_watermark, True
    if epoch < 0:
        return min(end_offset, log.log_end_offset), True
    own_epoch, own_end = log.end_offset_for_epoch(epoch)
    if own_epoch < 0:
        return min(end_offset, log.log_end_offset), True
    if own_epoch != epoch:
        return min(own_end, log.log_end_offset), False
    return min(own_end, end_offset, log.log_end_offset), True
