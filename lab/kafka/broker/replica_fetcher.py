"""ReplicaFetcher: the follower side of replication from one leader (spec 2.2, 2.3)."""

from lab.env import Address, Micros, address
from lab.kafka.broker.partition import Partition
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.truncation import FENCED_EPOCH
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.fetch_session import FetchSessionHandler

CHANNEL = "fetch"
UNASKED = -2
LONG_AGO: Micros = -(1 << 62)
"""Before time zero too, when clusters are set up."""


class ReplicaFetcher:
    """Copies from one leader: one fetch in flight, for all partitions that are ready.

    `ready_at`: all that are followed, and from when on each may be asked for; its next fetch begins at the end of its
    log. `touched`: those whose log may have changed since the last fetch. `truncating`: those that, by an older rule,
    have to be cut before they are fetched, and the leader epoch in which the leader was asked where.
    """

    __slots__ = ("address", "fenced", "in_flight", "leader_id", "ready_at", "session", "touched", "truncating")

    def __init__(self, leader_id: int, rule: str = FENCED_EPOCH) -> None:
        self.leader_id = leader_id
        self.fenced = rule == FENCED_EPOCH
        self.truncating: dict[TopicPartition, int] = {}
        self.address: Address = address(f"broker-{leader_id}", CHANNEL)
        self.ready_at: dict[TopicPartition, Micros] = {}
        self.in_flight = -1
        self.session = FetchSessionHandler()
        self.touched: dict[TopicPartition, None] = {}

    def add(self, partition: TopicPartition) -> None:
        """Copy this one too. By today's rule the leader says with its answer where logs part (KIP-595)."""
        self.ready_at[partition] = LONG_AGO
        if self.fenced:
            self.touched[partition] = None
        else:
            self.truncating[partition] = UNASKED

    def remove(self, partition: TopicPartition) -> None:
        """Copy it no longer; the answer on its way belongs to another epoch."""
        self.ready_at.pop(partition, None)
        self.touched.pop(partition, None)
        self.truncating.pop(partition, None)
        self.session.forget(partition)

    def delay(self, partition: TopicPartition, until: Micros) -> None:
        """Leave it out until then."""
        self.ready_at[partition] = until
        self.touched[partition] = None
        self.session.forget(partition)

    def hurry(self, now: Micros) -> None:
        """What is left out may be asked for from now on."""
        for name, ready_at in self.ready_at.items():
            self.ready_at[name] = min(ready_at, now)

    def request(
        self,
        broker_id: int,
        broker_epoch: int,
        config: BrokerConfig,
        partitions: dict[TopicPartition, Partition],
        now: Micros,
    ) -> FetchRequest | None:
        """The next fetch; None if no partition is ready."""
        asked: dict[TopicPartition, FetchPartition] = {}
        delayed: dict[TopicPartition, None] = {}
        fenced = self.fenced
        for name in self.touched:
            if self.ready_at[name] > now or (not fenced and name in self.truncating):
                delayed[name] = None
                continue
            partition = partitions[name]
            log = partition.log
            asked[name] = FetchPartition(
                log.log_end_offset, config.replica_fetch_max_bytes,
                partition.leader_epoch if fenced else -1, log.epochs.latest if fenced else -1,
                log.log_start_offset, partition.topic_id,
            )  # fmt: skip
        self.touched.clear()
        if delayed:
            self.touched.update(delayed)
        session = self.session
        news = session.moved(asked)
        if not session.partitions:
            return None
        return FetchRequest(
            broker_id, config.replica_fetch_wait_max_ms, config.replica_fetch_min_bytes,
            config.replica_fetch_response_max_bytes, news, broker_epoch,
            session_id=session.session_id, session_epoch=session.epoch,
            forgotten=session.take_forgotten() if session.forgotten else (),
        )  # fmt: skip

    def delayed(self) -> Micros | None:
        """When the first partition that had to pause is ready again."""
        return min((self.ready_at[name] for name in (*self.touched, *self.truncating)), default=None)


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
