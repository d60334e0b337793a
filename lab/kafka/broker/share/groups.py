"""ShareGroups: this broker as coordinator of share groups: heartbeats, epochs, assignments (KIP-932)."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab.env import Address, Env, Micros, millis
from lab.kafka import facts
from lab.kafka.broker.consumer_groups import APPEND_ERRORS
from lab.kafka.broker.partition import Partition
from lab.kafka.coordinator.client import Client
from lab.kafka.coordinator.group import NOBODY, Token
from lab.kafka.coordinator.share_group import ShareGroup, ShareMember, assign
from lab.kafka.coordinator.share_group_records import (
    Entry,
    current_entry,
    epoch_entry,
    gone_entries,
    initialized_entry,
    is_share_record,
    member_entry,
    replay_share_record,
    target_entry,
    target_epoch_entry,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_groups import (
    JOIN_EPOCH,
    LEAVE_EPOCH,
    DescribedShareGroup,
    DescribedShareMember,
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
)
from lab.kafka.protocol.messages.share_state import InitializeShareGroupStateRequest
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker


@dataclass(slots=True)
class PendingHeartbeat:
    """A heartbeat that changed the group: answered when that is in the log."""

    token: Token
    answer: ShareGroupHeartbeatResponse


@dataclass(slots=True)
class PendingJob:
    """A change that an administrator wants, by the number of the job that it belongs to."""

    number: int


class ShareGroups:
    """Groups by the partition of `__consumer_offsets` that keeps them. They change as records are appended."""

    def __init__(self) -> None:
        self.shards: dict[TopicPartition, dict[str, ShareGroup]] = {}

    def on_leader(self, broker: "Broker", env: Env, partition: Partition) -> None:
        """Replay what the log knows; members get a full session."""
        groups = self.shards[partition.partition] = {}
        for key, value in share_records(partition):
            replay_share_record(groups, key, value)
        for group in groups.values():
            for member in group.members.values():
                self._heard(broker, env, group, member)

    def on_not_leader(self, name: TopicPartition) -> None:
        """Somebody else looks after these."""
        self.shards.pop(name, None)

    def hang_up(self, broker: "Broker", sender: Address) -> None:
        """A connection is gone: nobody hears what was asked on it."""
        for operation in broker.purgatory.operations.values():
            token = getattr(operation, "token", None)
            if isinstance(token, PendingHeartbeat) and token.token[0] == sender:
                token.token = NOBODY

    def found(self, broker: "Broker", group_id: str) -> tuple[TopicPartition, dict[str, ShareGroup]] | ErrorCode:
        """The groups among which a group is, if this broker is its coordinator, and the partition that keeps them."""
        found = broker.coordinators.shard_of(broker, group_id)
        if isinstance(found, ErrorCode):
            return found
        return found[0], self.shards.setdefault(found[0], {})

    # --- heartbeats -------------------------------------------------------------------------------

    def heartbeat(
        self, broker: "Broker", env: Env, request: ShareGroupHeartbeatRequest, client: Client, token: Token
    ) -> ShareGroupHeartbeatResponse | None:
        """An answer now, or None: later, when what it changed is replicated."""
        if not request.group_id:
            return ShareGroupHeartbeatResponse(ErrorCode.INVALID_GROUP_ID)
        found = self.found(broker, request.group_id)
        if isinstance(found, ErrorCode):
            return ShareGroupHeartbeatResponse(found)
        name, groups = found
        if request.group_id in broker.coordinators.shards[name].groups:
            return ShareGroupHeartbeatResponse(ErrorCode.GROUP_ID_NOT_FOUND)  # it is not a share group
        group = groups.get(request.group_id) or ShareGroup(request.group_id)
        error = self._error(broker, group, request)
        if error:
            return ShareGroupHeartbeatResponse(error)
        if request.member_epoch == LEAVE_EPOCH:
            answer = ShareGroupHeartbeatResponse(ErrorCode.NONE, request.member_id, LEAVE_EPOCH)
            entries = self._leave_entries(group, request.member_id)
            self.change(
                broker, env, name, group, entries, f"{client.client_id} leaves", PendingHeartbeat(token, answer)
            )
            return None
        member = group.members.get(request.member_id) or ShareMember(request.member_id, *client)
        entries, reason = self._entries(group, member, request)
        if not entries and member.member_epoch == group.assignment_epoch:
            self._heard(broker, env, group, member)
            self._initialize(broker, env, group)
            return self._answer(broker, group, member, full=request.member_epoch != member.member_epoch)
        pending = PendingHeartbeat(token, ShareGroupHeartbeatResponse(ErrorCode.COORDINATOR_NOT_AVAILABLE))
        self.change(broker, env, name, group, entries, reason, pending, member.member_id)
        return None

    def _error(self, broker: "Broker", group: ShareGroup, request: ShareGroupHeartbeatRequest) -> ErrorCode:
        joins = request.member_epoch == JOIN_EPOCH
        if not request.member_id or request.member_epoch < LEAVE_EPOCH:
            return ErrorCode.INVALID_REQUEST
        if joins and not request.subscribed_topic_names:
            return ErrorCode.INVALID_REQUEST
        if joins:
            full = len(group.members) >= broker.config.group_share_max_size
            return (
                ErrorCode.GROUP_MAX_SIZE_REACHED if full and request.member_id not in group.members else ErrorCode.NONE
            )
        if request.member_epoch == LEAVE_EPOCH:
            return ErrorCode.NONE if request.member_id in group.members else ErrorCode.UNKNOWN_MEMBER_ID
        return group.epoch_error(request.member_id, request.member_epoch)

    def _entries(
        self, group: ShareGroup, member: ShareMember, request: ShareGroupHeartbeatRequest
    ) -> tuple[list[Entry], str]:
        """What a heartbeat changes: a new member or subscription is a new group epoch, which wants a new target."""
        entries: list[Entry] = []
        topics = request.subscribed_topic_names
        new = member.member_id not in group.members
        reason = f"{member.client_id} joins" if new else ""
        if new or (topics is not None and topics != member.topics):
            reason = reason or f"{member.client_id} wants other topics"
            changed = ShareMember(member.member_id, member.client_id, member.client_host, topics or member.topics)
            entries.append(member_entry(group.group_id, changed))
            entries.append(epoch_entry(group.group_id, group.group_epoch + 1))
        return entries, reason

    def _leave_entries(self, group: ShareGroup, member_id: str) -> list[Entry]:
        return [*gone_entries(group.group_id, member_id), epoch_entry(group.group_id, group.group_epoch + 1)]

    def _answer(
        self, broker: "Broker", group: ShareGroup, member: ShareMember, *, full: bool
    ) -> ShareGroupHeartbeatResponse:
        interval_ms = broker.group_configs.of(group.group_id).share_heartbeat_interval_ms
        return ShareGroupHeartbeatResponse(
            ErrorCode.NONE, member.member_id, member.member_epoch, interval_ms, member.assigned if full else None
        )

    def _heard(self, broker: "Broker", env: Env, group: ShareGroup, member: ShareMember) -> None:
        member.deadline = env.now + millis(broker.group_configs.of(group.group_id).share_session_timeout_ms)

    # --- changing a group -------------------------------------------------------------------------

    def change(
        self, broker: "Broker", env: Env, name: TopicPartition, group: ShareGroup, entries: list[Entry], reason: str,
        pending: "PendingHeartbeat | PendingJob", member_id: str = "",
    ) -> None:  # fmt: skip
        """Log a change, the target that follows from it, and what the member at hand is told; then all of it holds."""
        groups = self.shards[name]
        draft = {group.group_id: _copy(group)}
        for key, value in entries:
            replay_share_record(draft, key, value)
        after = draft.get(group.group_id)
        more: list[Entry] = []
        if after is not None and after.group_epoch > after.assignment_epoch:
            target = assign(after)
            more += [
                target_entry(group.group_id, one, partitions)
                for one, partitions in target.items() if after.target.get(one) != partitions
            ]  # fmt: skip
            more.append(target_epoch_entry(group.group_id, after.group_epoch))
            after.target, after.assignment_epoch = target, after.group_epoch
        if after is not None and member_id:
            assert isinstance(pending, PendingHeartbeat), pending
            member = after.members[member_id]
            if member.member_epoch != after.assignment_epoch:
                member.previous_epoch, member.member_epoch = member.member_epoch, after.assignment_epoch
            member.assigned = after.target.get(member_id, ())
            more.append(current_entry(group.group_id, member))
            pending.answer = self._answer(broker, group, member, full=True)
        records = [Record(0, env.wall_time_ms, key, value) for key, value in (*entries, *more)]
        partition = broker.partitions[name]
        before = partition.log.log_end_offset
        broker.append_internal(env, partition, RecordBatch.build(records), pending)
        if partition.log.log_end_offset == before:
            return  # refused: the group is as it was
        for record in records:
            assert record.key is not None
            replay_share_record(groups, record.key, record.value)
        group = groups.get(group.group_id) or ShareGroup(group.group_id, group.group_epoch, is_over=True)
        if member_id:
            self._heard(broker, env, group, group.members[member_id])
        self._initialize(broker, env, group)
        if reason:
            assignment = {one.client_id: group.target.get(one.member_id, ()) for one in group.members.values()}
            env.tell(facts.ShareGroupChanged(group.group_id, group.state, group.group_epoch, assignment, reason))

    def logged(self, pending: PendingHeartbeat, error: ErrorCode) -> ShareGroupHeartbeatResponse:
        """An append is replicated, or has failed: the answer to send."""
        return ShareGroupHeartbeatResponse(APPEND_ERRORS.get(error, error)) if error else pending.answer

    # --- the state of its partitions --------------------------------------------------------------

    def _initialize(self, broker: "Broker", env: Env, group: ShareGroup) -> None:
        """Have the share coordinator know of partitions that are new to the group; until then nobody gets them."""
        persister = broker.sharing.persister if broker.sharing is not None else None
        assert persister is not None
        asked = {
            one.request.partition: None
            for one in persister.calls.values()
            if isinstance(one.request, InitializeShareGroupStateRequest) and one.request.group_id == group.group_id
        }
        for topic in group.subscribed():
            known = broker.image.topics.get(topic)
            for index in known.partitions if known is not None else ():
                partition = TopicPartition(topic, index)
                if partition not in group.initialized and partition not in asked:
                    persister.ask(
                        broker, env, InitializeShareGroupStateRequest(group.group_id, partition, group.group_epoch)
                    )

    def initialized(self, broker: "Broker", env: Env, request: InitializeShareGroupStateRequest) -> None:
        """The share coordinator knows of a partition: from now on it is assigned."""
        found = self.found(broker, request.group_id)
        group = found[1].get(request.group_id) if not isinstance(found, ErrorCode) else None
        if isinstance(found, ErrorCode) or group is None or request.partition in group.initialized:
            return
        known = (*group.initialized, request.partition)
        entries = [
            initialized_entry(group.group_id, known, env.wall_time_ms),
            epoch_entry(group.group_id, group.group_epoch + 1),
        ]
        pending = PendingHeartbeat(NOBODY, ShareGroupHeartbeatResponse(ErrorCode.NONE))
        self.change(broker, env, found[0], group, entries, f"{request.partition} is shared", pending)

    def topic_deleted(self, broker: "Broker", env: Env, topic: str) -> None:
        """Its partitions are nobody's any more."""
        for name, groups in list(self.shards.items()):
            for group in list(groups.values()):
                left = tuple(one for one in group.initialized if one.topic != topic)
                if len(left) < len(group.initialized):
                    entries = [
                        initialized_entry(group.group_id, left, env.wall_time_ms),
                        epoch_entry(group.group_id, group.group_epoch + 1),
                    ]
                    pending = PendingHeartbeat(NOBODY, ShareGroupHeartbeatResponse(ErrorCode.NONE))
                    self.change(broker, env, name, group, entries, f"{topic} is deleted", pending)

    # --- time -------------------------------------------------------------------------------------

    def next_deadline(self) -> Micros | None:
        """When the first session ends."""
        return min(
            (
                member.deadline
                for groups in self.shards.values() for group in groups.values() for member in group.members.values()
            ),
            default=None,
        )  # fmt: skip

    def wake(self, broker: "Broker", env: Env) -> None:
        """Members that were silent for their session time-out are out."""
        for name, groups in list(self.shards.items()):
            for group in list(groups.values()):
                for member in list(group.members.values()):
                    if member.deadline <= env.now:
                        self._heard(broker, env, group, member)  # should the log refuse it, not again at once
                        pending = PendingHeartbeat(NOBODY, ShareGroupHeartbeatResponse(ErrorCode.NONE))
                        entries = self._leave_entries(group, member.member_id)
                        reason = f"{member.client_id} was silent for its session timeout"
                        self.change(broker, env, name, groups[group.group_id], entries, reason, pending)

    def describe(self, broker: "Broker", group_id: str) -> DescribedShareGroup:
        """What an administrator sees."""
        found = self.found(broker, group_id)
        if isinstance(found, ErrorCode):
            return DescribedShareGroup(found, group_id)
        group = found[1].get(group_id)
        if group is None:
            return DescribedShareGroup(ErrorCode.GROUP_ID_NOT_FOUND, group_id)
        members = tuple(
            DescribedShareMember(
                one.member_id, one.client_id, one.client_host, one.member_epoch, one.topics, one.assigned
            )
            for one in group.members.values()
        )
        return DescribedShareGroup(
            ErrorCode.NONE, group_id, group.state, group.group_epoch, group.assignment_epoch, members
        )


def share_records(partition: Partition) -> list[tuple[bytes, bytes | None]]:
    """The records of share groups in a partition of `__consumer_offsets`."""
    log = partition.log
    batches = log.read(log.log_start_offset, 1 << 40, log.log_end_offset)
    assert isinstance(batches, tuple), batches
    records = [record for batch in batches for record in batch.records()]
    return [(one.key, one.value) for one in records if one.key is not None and is_share_record(one.key)]


def _copy(group: ShareGroup) -> ShareGroup:
    """To try a change on; members are copied as deep as they change."""
    members = {one.member_id: replace(one) for one in group.members.values()}
    return ShareGroup(
        group.group_id, group.group_epoch, group.assignment_epoch, members, dict(group.target), dict(group.initialized)
    )
