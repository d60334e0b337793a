"""Fetching: what this broker answers to a Fetch, a consumer's or a follower's (spec 1.11, 2.3.1)."""

from typing import Protocol

from lab.kafka.broker.fetch_session import FetchSession
from lab.kafka.broker.not_leading import absent, endpoints, leader_of
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.read_replicas import elsewhere
from lab.kafka.broker.replica_manager import ReplicaManager
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.truncation import FENCED_EPOCH
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import (
    FetchedPartition,
    FetchPartition,
    FetchRequest,
    FetchResponse,
    IsolationLevel,
)
from lab.kafka.protocol.topics import TopicPartition

NONE, READ_COMMITTED = ErrorCode.NONE, IsolationLevel.READ_COMMITTED
"""By these names, since to find a member in its class costs as much as a call, and every fetch does."""
TOLD_WHO_LEADS = (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH)


class FetchingBroker(Protocol):
    """What Fetching needs of the broker it belongs to."""

    image: MetadataImage
    partitions: dict[TopicPartition, Partition]


class Fetching:
    """Reads for others."""

    __slots__ = ("config", "replicas")

    def __init__(self, config: BrokerConfig, replicas: ReplicaManager) -> None:
        self.config = config
        self.replicas = replicas

    def ready(self, broker: FetchingBroker, request: FetchRequest, session: FetchSession | None = None) -> bool:
        """Whether an answer now would say something: enough bytes, an error, or a divergence (spec 2.8)."""
        available = 0
        partitions = broker.partitions
        current = request.replica_id < 0 or self._current(broker, request)
        rack = self._rack(request) if self.config.replica_selector_class else ""
        throttle = self.replicas.throttle
        for name in request.partitions if session is None or not current else session.stale:
            asked = request.partitions.get(name)
            if asked is None:
                continue
            partition = partitions.get(name)
            if rack and partition is not None and elsewhere(broker.image, partition, rack, asked.fetch_offset) >= 0:
                return True
            agreed = current and self.agreed(partition, asked)
            end = self._readable_to(partition, request) if partition is not None else 0
            if agreed and asked.fetch_offset == end:
                continue
            if throttle is not None and partition is not None and throttle.holds_back(partition, request.replica_id):
                continue
            if not agreed and self._refusal(broker, name, partition, request, asked, session, current=current):
                return True
            assert partition is not None
            if asked.fetch_offset < end:
                if request.min_bytes <= 1 or asked.fetch_offset < partition.log.active.base_offset <= end:
                    return True  # what lies in an older segment is not waited with
                available += self._available(partition, asked, end)
        return available >= request.min_bytes

    def _available(self, partition: Partition, asked: FetchPartition, end: int) -> int:
        batches = partition.log.read(asked.fetch_offset, asked.partition_max_bytes, end)
        return sum(batch.size for batch in batches) if isinstance(batches, tuple) else 0

    def response(
        self, broker: FetchingBroker, request: FetchRequest, session: FetchSession | None = None
    ) -> FetchResponse:
        """What there is to say now. In a session's later answers partitions without news are left out; clients take a
        full answer that does so for a broken one.
        """
        found: dict[TopicPartition, FetchedPartition] = {}
        leaders: list[int] = []
        left = most = min(request.max_bytes, self.config.fetch_max_bytes)
        partitions = broker.partitions
        every = session is None or session.epoch == 1
        current = request.replica_id < 0 or self._current(broker, request)
        rack = self._rack(request) if self.config.replica_selector_class else ""
        throttle = self.replicas.throttle
        for name in request.partitions if session is None or not current else tuple(session.stale):
            partition = partitions.get(name)
            asked = request.partitions.get(name)
            if asked is None:
                self._unwatch(session, name, partition)
                continue
            if rack and partition is not None:
                replica = elsewhere(broker.image, partition, rack, asked.fetch_offset)
                if replica >= 0:
                    found[name] = self._nothing_but_news(partition, request)
                    found[name].preferred_read_replica = replica
                    continue
            agreed = current and self.agreed(partition, asked)
            end = self._readable_to(partition, request) if partition is not None else 0
            if agreed and asked.fetch_offset == end:
                assert partition is not None
                if self._news(partition, request.replica_id) or every:
                    found[name] = self._nothing_but_news(partition, request)
                if session is not None:
                    del session.stale[name]
                    partition.watchers[session.session_id] = session
                continue
            if throttle is not None and partition is not None and throttle.holds_back(partition, request.replica_id):
                continue
            before = left
            one = None
            if not agreed:
                one = self._refusal(broker, name, partition, request, asked, session, current=current)
            if one is None and partition is not None:
                one = self._records(partition, request, asked, end, left, first=left == most)
            if one is None and every and partition is not None:
                one = self._nothing_but_news(partition, request)
            if one is not None:
                found[name] = one
                if one.current_leader is not None:
                    leaders.append(one.current_leader[0])
                for batch in one.records:
                    left -= batch.size
                if session is not None and current and one.records:
                    session.rotate(name)
                if throttle is not None and partition is not None:
                    throttle.gave(partition, request.replica_id, before - left)
        answer = FetchResponse(found, NONE, session.session_id if session is not None else 0)
        if leaders:
            answer.node_endpoints = endpoints(broker.image, leaders)
        return answer

    def _unwatch(self, session: FetchSession | None, name: TopicPartition, partition: Partition | None) -> None:
        """A partition that the session has forgotten, and that does not know it yet."""
        assert session is not None, name
        del session.stale[name]
        if partition is not None:
            partition.watchers.pop(session.session_id, None)

    def _nothing_but_news(self, partition: Partition, request: FetchRequest) -> FetchedPartition:
        log = partition.log
        found = FetchedPartition(NONE, log.high_watermark, log.last_stable_offset, log.log_start_offset)
        if request.isolation_level is READ_COMMITTED:
            found.aborted_transactions = ()
        return found

    def _rack(self, request: FetchRequest) -> str:
        """The rack of a consumer, which may be sent to a follower; "" for a follower."""
        return (request.rack_id or "") if request.replica_id < 0 else ""

    def _current(self, broker: FetchingBroker, request: FetchRequest) -> bool:
        """Whether the broker that asks is the process that signed on last under its id."""
        known = broker.image.brokers.get(request.replica_id)
        return known is None or request.replica_epoch < 0 or request.replica_epoch >= known.broker_epoch

    def agreed(self, partition: Partition | None, asked: FetchPartition) -> bool:
        """Whether the asker believes in this leader, and has what its log begins with: the usual case, told at a
        glance. If not, there may still be nothing to refuse.
        """
        if partition is None or not partition.leading:
            return False
        if asked.current_leader_epoch != partition.leader_epoch and asked.current_leader_epoch >= 0:
            return False
        if asked.topic_id != partition.topic_id and asked.topic_id:
            return False
        log = partition.log
        if asked.fetch_offset > log.log_end_offset or asked.fetch_offset < log.log_start_offset:
            return False
        entries = log.epochs.entries
        return asked.last_fetched_epoch < 0 or (bool(entries) and entries[-1][0] == asked.last_fetched_epoch)

    def _refusal(
        self, broker: FetchingBroker, name: TopicPartition, partition: Partition | None, request: FetchRequest,
        asked: FetchPartition, session: FetchSession | None, *, current: bool,
    ) -> FetchedPartition | None:  # fmt: skip
        """What is said instead of records: an error, or where the asker's log diverges. None if it may have some."""
        error = self._error(broker, name, partition, asked, request, session, current=current)
        if error:
            none = () if error is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION else None
            leader = leader_of(self.config, broker.image, name, partition) if error in TOLD_WHO_LEADS else None
            return FetchedPartition(error, current_leader=leader, aborted_transactions=none)
        assert partition is not None
        log = partition.log
        if request.replica_id < 0 <= asked.last_fetched_epoch and self._unheard_of(partition, asked):
            return FetchedPartition(ErrorCode.OFFSET_OUT_OF_RANGE)
        known = log.high_watermark, log.last_stable_offset, log.log_start_offset
        diverging = self.diverges(partition, asked)
        if diverging is not None:
            return FetchedPartition(NONE, *known, diverging_epoch=diverging)
        if log.log_start_offset <= asked.fetch_offset <= log.log_end_offset:
            return None
        if request.replica_id < 0:
            return FetchedPartition(ErrorCode.OFFSET_OUT_OF_RANGE)  # as after any error, Kafka tells it nothing else
        return FetchedPartition(ErrorCode.OFFSET_OUT_OF_RANGE, *known)

    def _records(
        self, partition: Partition, request: FetchRequest, asked: FetchPartition, end: int, left: int, *, first: bool
    ) -> FetchedPartition | None:
        """What lies between the asker's offset and `end`; None if that is nothing, and there is no news either."""
        log = partition.log
        limit = asked.partition_max_bytes if asked.partition_max_bytes < left else max(left, 0)
        batches = log.read(asked.fetch_offset, limit, end, min_one=first)
        assert isinstance(batches, tuple), batches
        if not batches and not self._news(partition, request.replica_id):
            return None
        found = FetchedPartition(NONE, log.high_watermark, log.last_stable_offset, log.log_start_offset, batches)
        if request.isolation_level is READ_COMMITTED:
            found.aborted_transactions = log.aborted_transactions(asked.fetch_offset, end)
        return found

    def _news(self, partition: Partition, replica_id: int) -> bool:
        """Whether a follower does not know the newest high watermark or log start yet."""
        remote = partition.remotes.get(replica_id)
        if remote is None:
            return replica_id >= 0
        log = partition.log
        if remote.told_high_watermark == log.high_watermark and remote.told_log_start == log.log_start_offset:
            return False
        remote.told_high_watermark = log.high_watermark
        remote.told_log_start = log.log_start_offset
        return True

    def _error(
        self, broker: FetchingBroker, name: TopicPartition, partition: Partition | None, asked: FetchPartition,
        request: FetchRequest, session: FetchSession | None, *, current: bool,
    ) -> ErrorCode:  # fmt: skip
        """A follower serves consumers too, up to its own high watermark, if they know of that (KIP-392).

        Where a log of that name is of another topic than was asked for, a session is told so: it has known the topic
        that was here before. (Kafka asks the session whether it has; one that begins with an old id differs.)
        """
        topic_id = asked.topic_id
        if topic_id and (partition is None or partition.topic_id != topic_id):
            if session is not None and session.epoch > 1 and partition is not None:
                return ErrorCode.INCONSISTENT_TOPIC_ID
            if topic_id not in broker.image.topic_names:
                return ErrorCode.UNKNOWN_TOPIC_ID
        if partition is None:
            return absent(broker.image, name)
        if not current:
            return ErrorCode.NOT_LEADER_OR_FOLLOWER
        if self._may_follow(request):
            return partition.epoch_error(asked.current_leader_epoch)
        return partition.leader_error(asked.current_leader_epoch)

    def _may_follow(self, request: FetchRequest) -> bool:
        """Before KIP-320 a follower could not tell an asker whose leader is one of the past."""
        knows = request.replica_id < 0 and request.rack_id is not None
        return knows and self.config.replica_truncation_rule == FENCED_EPOCH

    def diverges(self, partition: Partition | None, asked: FetchPartition) -> tuple[int, int] | None:
        """Where the asker's last epoch ended here, if its log cannot be a prefix of this one (spec 2.3.1)."""
        if partition is None or asked.last_fetched_epoch < 0:
            return None
        entries = partition.log.epochs.entries
        if (
            entries
            and entries[-1][0] == asked.last_fetched_epoch
            and asked.fetch_offset <= partition.log.log_end_offset
        ):
            return None  # the usual case, without a search
        epoch, end = partition.log.end_offset_for_epoch(asked.last_fetched_epoch)
        if epoch < 0:
            return None
        if epoch < asked.last_fetched_epoch or end < asked.fetch_offset:
            return epoch, end
        return None

    def _unheard_of(self, partition: Partition, asked: FetchPartition) -> bool:
        """Whether a consumer names an epoch that this log cannot place, so that it cannot be told where to go on."""
        return partition.log.end_offset_for_epoch(asked.last_fetched_epoch)[0] < 0

    def _readable_to(self, partition: Partition, request: FetchRequest) -> int:
        """How far the asker may read: a follower to the end."""
        log = partition.log
        if request.replica_id >= 0:
            return log.log_end_offset
        return log.last_stable_offset if request.isolation_level is READ_COMMITTED else log.high_watermark
