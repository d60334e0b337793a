"""GroupShard: the groups of one partition of `__consumer_offsets` (spec 4.2).

Requests come in with a token; what is to be answered, logged and told is put into the Outcome. Nothing is sent
here.
"""

from dataclasses import dataclass, field

from lab.env import Micros, millis
from lab.kafka import facts
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator.group import (
    COMPLETING,
    EMPTY,
    PREPARING,
    STABLE,
    Group,
    Member,
    Token,
)
from lab.kafka.coordinator.offset_records import StoredGroup
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.groups import (
    DescribedGroup,
    HeartbeatRequest,
    JoinedMember,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeaveGroupResponse,
    SyncGroupRequest,
    SyncGroupResponse,
)
from lab.kafka.protocol.messages.offsets import OffsetCommitRequest
from lab.kafka.protocol.topics import TopicPartition

NEW_MEMBER_TIMEOUT: Micros = millis(300_000)


@dataclass(slots=True)
class Outcome:
    """What a request or a deadline led to: answers to parked requests, generations to log, facts to tell."""

    replies: list[tuple[Token, object]] = field(default_factory=list[tuple[Token, object]])
    log: list[tuple[str, StoredGroup]] = field(default_factory=list[tuple[str, StoredGroup]])
    facts: list[object] = field(default_factory=list[object])


class GroupShard:
    """Groups by id. One instance a partition that this broker leads."""

    def __init__(self, config: BrokerConfig) -> None:
        self.config = config
        self.groups: dict[str, Group] = {}

    # --- joining (spec 4.2.3) ---------------------------------------------------------------------

    def join(
        self,
        request: JoinGroupRequest,
        client_id: str,
        token: Token,
        fresh_id: str,
        now: Micros,
        out: Outcome,
    ) -> None:
        """A consumer wants to be in the next generation."""
        error = self._join_error(request)
        group = self.groups.get(request.group_id)
        if error is None and group is None:
            if request.member_id:
                error = ErrorCode.UNKNOWN_MEMBER_ID
            else:
                group = self.groups[request.group_id] = Group(request.group_id)
        if error is None:
            assert group is not None
            error = self._fit_error(group, request)
        if error is not None or group is None:
            out.replies.append(
                (
                    token,
                    JoinGroupResponse(error or ErrorCode.UNKNOWN_MEMBER_ID, member_id=request.member_id),
                )
            )
            return
        if not request.member_id and request.group_instance_id is None:
            group.pending[fresh_id] = now + millis(request.session_timeout_ms)
            out.replies.append((token, JoinGroupResponse(ErrorCode.MEMBER_ID_REQUIRED, member_id=fresh_id)))
        elif not request.member_id:
            self._join_static(group, request, client_id, token, fresh_id, now, out)
        else:
            self._join_known(group, request, client_id, token, now, out)

    def _join_error(self, request: JoinGroupRequest) -> ErrorCode | None:
        if not request.group_id:
            return ErrorCode.INVALID_GROUP_ID
        least, most = (
            self.config.group_min_session_timeout_ms,
            self.config.group_max_session_timeout_ms,
        )
        if not least <= request.session_timeout_ms <= most:
            return ErrorCode.INVALID_SESSION_TIMEOUT
        return None

    def _fit_error(self, group: Group, request: JoinGroupRequest) -> ErrorCode | None:
        known = request.member_id in group.members
        if (
            not known
            and len(group.members) + len(group.pending) - (request.member_id in group.pending)
            >= self.config.group_max_size
        ):
            return ErrorCode.GROUP_MAX_SIZE_REACHED
        if not request.protocols or not request.protocol_type:
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if group.members and (group.protocol_type != request.protocol_type or not group.supports(request.protocols)):
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        return None

    def _join_static(
        self,
        group: Group,
        request: JoinGroupRequest,
        client_id: str,
        token: Token,
        fresh_id: str,
        now: Micros,
        out: Outcome,
    ) -> None:
        """A static member without its id: new, or the same instance after a restart."""
        instance = request.group_instance_id
        assert instance is not None
        old_id = group.static_members.get(instance)
        if old_id is None:
            self._add(group, request, client_id, token, fresh_id, now, out)
            return
        old = group.members.pop(old_id)
        for parked in (old.joining, old.syncing):
            if parked is not None:
                out.replies.append((parked, JoinGroupResponse(ErrorCode.FENCED_INSTANCE_ID, member_id=old_id)))
        unchanged = old.protocols == request.protocols
        group.static_members[instance] = fresh_id
        group.members[fresh_id] = member = self._member(request, client_id, fresh_id, now)
        member.assignment = old.assignment
        member.is_new = False
        if group.leader == old_id:
            group.leader = fresh_id
        if group.state == STABLE and unchanged:
            out.log.append((group.group_id, group.stored(group.state_timestamp_ms)))
            out.replies.append((token, self._joined(group, member, skip=group.leader == fresh_id)))
            return
        member.joining = token
        if group.state == PREPARING:
            self._maybe_complete(group, now, out)
        else:
            self._prepare(group, f"{instance} came back changed", now, out)

    def _join_known(
        self,
        group: Group,
        request: JoinGroupRequest,
        client_id: str,
        token: Token,
        now: Micros,
        out: Outcome,
    ) -> None:
        member = group.members.get(request.member_id)
        if member is None:
            if group.pending.pop(request.member_id, None) is not None:
                self._add(group, request, client_id, token, request.member_id, now, out)
            else:
                out.replies.append(
                    (
                        token,
                        JoinGroupResponse(ErrorCode.UNKNOWN_MEMBER_ID, member_id=request.member_id),
                    )
                )
            return
        if request.group_instance_id != member.group_instance_id:
            out.replies.append(
                (
                    token,
                    JoinGroupResponse(ErrorCode.FENCED_INSTANCE_ID, member_id=request.member_id),
                )
            )
            return
        same = member.protocols == request.protocols
        member.protocols = request.protocols
        member.session_timeout_ms = request.session_timeout_ms
        member.rebalance_timeout_ms = request.rebalance_timeout_ms
        if group.state == PREPARING:
            member.joining = token
            self._maybe_complete(group, now, out)
        elif same and (group.state == COMPLETING or (group.state == STABLE and member.member_id != group.leader)):
            member.heard(now)
            out.replies.append((token, self._joined(group, member)))
        elif group.state == EMPTY:
            out.replies.append((token, JoinGroupResponse(ErrorCode.UNKNOWN_MEMBER_ID, member_id=request.member_id)))
        else:
            member.joining = token
            self._prepare(group, request.reason or f"{member.client_id} joins again", now, out)

    def _add(
        self,
        group: Group,
        request: JoinGroupRequest,
        client_id: str,
        token: Token,
        member_id: str,
        now: Micros,
        out: Outcome,
    ) -> None:
        if not group.members:
            group.protocol_type = request.protocol_type
        member = group.members[member_id] = self._member(request, client_id, member_id, now)
        member.joining = token
        member.deadline = now + NEW_MEMBER_TIMEOUT
        if request.group_instance_id is not None:
            group.static_members[request.group_instance_id] = member_id
        if not group.leader:
            group.leader = member_id
        group.newcomer = True
        if group.state == PREPARING:
            self._maybe_complete(group, now, out)
        else:
            self._prepare(group, f"{client_id} joins", now, out)

    def _member(self, request: JoinGroupRequest, client_id: str, member_id: str, now: Micros) -> Member:
        return Member(
            member_id, client_id, request.group_instance_id, request.session_timeout_ms, request.rebalance_timeout_ms,
            request.protocols, now + millis(request.session_timeout_ms),
        )  # fmt: skip

    # --- rebalancing ------------------------------------------------------------------------------

    def _prepare(self, group: Group, reason: str, now: Micros, out: Outcome) -> None:
        """Everybody is to join again."""
        if group.state == COMPLETING:
            for member in group.members.values():
                if member.syncing is not None:
                    out.replies.append((member.syncing, SyncGroupResponse(ErrorCode.REBALANCE_IN_PROGRESS)))
                    member.syncing = None
                    member.heard(now)
        group.initial = group.state == EMPTY
        if group.initial:
            delay = millis(self.config.group_initial_rebalance_delay_ms)
            group.join_deadline = now + delay
            group.initial_left = max(group.rebalance_timeout() - delay, 0)
            group.newcomer = False
        else:
            group.join_deadline = now + group.rebalance_timeout()
        self._change(group, PREPARING, reason, out)
        self._maybe_complete(group, now, out)

    def _maybe_complete(self, group: Group, now: Micros, out: Outcome) -> None:
        """All known members have joined: no need to wait longer."""
        waiting = group.initial or group.pending or not group.members
        if group.state == PREPARING and not waiting and all(one.joining is not None for one in group.members.values()):
            self._complete(group, now, out)

    def _join_time_is_over(self, group: Group, now: Micros, out: Outcome) -> None:
        if group.initial and group.newcomer and group.initial_left > 0:
            delay = min(millis(self.config.group_initial_rebalance_delay_ms), group.initial_left)
            group.initial_left -= delay
            group.join_deadline = now + delay
            group.newcomer = False
        else:
            self._complete(group, now, out)

    def _complete(self, group: Group, now: Micros, out: Outcome) -> None:
        """The next generation: whoever has joined, and static members who may still come."""
        for member in list(group.members.values()):
            if member.joining is None and member.group_instance_id is None:
                self._forget(group, member)
        joined = [member for member in group.members.values() if member.joining is not None]
        if group.members and not joined:
            group.join_deadline = now + group.rebalance_timeout()
            return
        if joined and (group.leader not in group.members or group.members[group.leader].joining is None):
            group.leader = joined[0].member_id
        group.generation += 1
        group.initial = False
        if not group.members:
            group.leader = group.protocol = ""
            self._change(group, EMPTY, "nobody is left", out)
            out.log.append((group.group_id, group.stored(now // 1_000)))
            return
        group.protocol = group.vote()
        self._change(group, COMPLETING, "all have joined", out)
        group.pending_sync = dict.fromkeys(group.members)
        group.sync_deadline = now + group.rebalance_timeout()
        for member in joined:
            assert member.joining is not None
            out.replies.append((member.joining, self._joined(group, member)))
            member.joining = None
            member.is_new = False
            member.heard(now)

    def _joined(self, group: Group, member: Member, *, skip: bool = False) -> JoinGroupResponse:
        members: tuple[JoinedMember, ...] = ()
        if member.member_id == group.leader:
            members = tuple(
                JoinedMember(one.member_id, one.group_instance_id, one.metadata(group.protocol))
                for one in group.members.values()
            )
        return JoinGroupResponse(
            ErrorCode.NONE,
            group.generation,
            group.protocol,
            group.leader,
            member.member_id,
            members,
            skip,
        )

    def _change(self, group: Group, state: str, reason: str, out: Outcome) -> None:
        group.state = state
        members = tuple(member.client_id for member in group.members.values())
        out.facts.append(facts.GroupStateChanged(group.group_id, state, group.generation, members, reason))

    def _forget(self, group: Group, member: Member) -> None:
        group.members.pop(member.member_id, None)
        group.pending_sync.pop(member.member_id, None)
        if (
            member.group_instance_id is not None
            and group.static_members.get(member.group_instance_id) == member.member_id
        ):
            del group.static_members[member.group_instance_id]
        if group.leader == member.member_id:
            group.leader = next(iter(group.members), "")

    # --- syncing (spec 4.2.4) ---------------------------------------------------------------------

    def sync(self, request: SyncGroupRequest, token: Token, now: Micros, out: Outcome) -> None:
        """A member wants its assignment; the leader brings everybody's."""
        group = self.groups.get(request.group_id)
        error = self._member_error(group, request.member_id, request.group_instance_id, request.generation_id)
        if error is None and request.protocol_name not in (None, group.protocol if group else ""):
            error = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if error is None and group is not None and group.state == PREPARING:
            error = ErrorCode.REBALANCE_IN_PROGRESS
        if error is not None or group is None:
            out.replies.append((token, SyncGroupResponse(error or ErrorCode.UNKNOWN_MEMBER_ID)))
            return
        member = group.members[request.member_id]
        if group.state == STABLE:
            member.heard(now)
            out.replies.append((token, SyncGroupResponse(ErrorCode.NONE, member.assignment)))
            return
        member.syncing = token
        group.pending_sync.pop(member.member_id, None)
        if member.member_id == group.leader:
            assigned = dict(request.assignments)
            for one in group.members.values():
                one.assignment = assigned.get(one.member_id, b"")
            out.log.append((group.group_id, group.stored(now // 1_000)))

    def assigned(self, group_id: str, generation: int, error: ErrorCode, now: Micros, out: Outcome) -> None:
        """The assignment is in the log, or could not get there."""
        group = self.groups.get(group_id)
        if group is None or group.generation != generation or group.state != COMPLETING:
            return
        if error:
            for member in group.members.values():
                if member.syncing is not None:
                    out.replies.append((member.syncing, SyncGroupResponse(error)))
                    member.syncing = None
            self._prepare(group, "the assignment could not be stored", now, out)
            return
        self._change(group, STABLE, "the assignment is stored", out)
        for member in group.members.values():
            if member.syncing is not None:
                out.replies.append((member.syncing, SyncGroupResponse(ErrorCode.NONE, member.assignment)))
                member.syncing = None
                member.heard(now)

    # --- heartbeats and leaving (spec 4.2.5) ------------------------------------------------------

    def heartbeat(self, request: HeartbeatRequest, now: Micros) -> ErrorCode:
        """A member says it lives."""
        group = self.groups.get(request.group_id)
        error = self._member_error(group, request.member_id, request.group_instance_id, request.generation_id)
        if error is not None or group is None:
            return error or ErrorCode.UNKNOWN_MEMBER_ID
        group.members[request.member_id].heard(now)
        return ErrorCode.REBALANCE_IN_PROGRESS if group.state == PREPARING else ErrorCode.NONE

    def _member_error(
        self, group: Group | None, member_id: str, instance: str | None, generation: int
    ) -> ErrorCode | None:
        if group is None or group.state == EMPTY:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if instance is not None and group.static_members.get(instance, member_id) != member_id:
            return ErrorCode.FENCED_INSTANCE_ID
        if member_id not in group.members:
            return ErrorCode.UNKNOWN_MEMBER_ID
        return None if generation == group.generation else ErrorCode.ILLEGAL_GENERATION

    def leave(self, request: LeaveGroupRequest, now: Micros, out: Outcome) -> LeaveGroupResponse:
        """Members leave by themselves; a static one can be removed by its instance id."""
        group = self.groups.get(request.group_id)
        if group is None:
            return LeaveGroupResponse(ErrorCode.UNKNOWN_MEMBER_ID)
        errors: list[ErrorCode] = []
        for member_id, instance in request.members:
            known = group.static_members.get(instance or "", "") if instance and not member_id else member_id
            if group.pending.pop(known, None) is not None:
                errors.append(ErrorCode.NONE)
            elif known not in group.members:
                errors.append(ErrorCode.UNKNOWN_MEMBER_ID)
            else:
                self._remove(group, group.members[known], request.reason or "left", now, out)
                errors.append(ErrorCode.NONE)
        return LeaveGroupResponse(ErrorCode.NONE, tuple(errors))

    def _remove(self, group: Group, member: Member, reason: str, now: Micros, out: Outcome) -> None:
        for parked in (member.joining, member.syncing):
            if parked is not None:
                out.replies.append(
                    (
                        parked,
                        JoinGroupResponse(ErrorCode.UNKNOWN_MEMBER_ID, member_id=member.member_id),
                    )
                )
        self._forget(group, member)
        if group.state in (STABLE, COMPLETING):
            self._prepare(group, f"{member.client_id} {reason}", now, out)
            if not group.members:
                self._complete(group, now, out)
        elif group.state == PREPARING and not group.members:
            self._complete(group, now, out)
        else:
            self._maybe_complete(group, now, out)

    # --- time -------------------------------------------------------------------------------------

    def next_deadline(self) -> Micros | None:
        """When `on_deadline` wants to be called."""
        return min((at for group in self.groups.values() for at in group.deadlines()), default=None)

    def on_deadline(self, now: Micros, out: Outcome) -> None:
        """Sessions, joins and syncs whose time is over."""
        for group in list(self.groups.values()):
            for member_id, deadline in list(group.pending.items()):
                if deadline <= now:
                    del group.pending[member_id]
                    self._maybe_complete(group, now, out)
            for member in list(group.members.values()):
                if member.deadline <= now and not group.excused(member):
                    self._remove(group, member, "was silent for its session timeout", now, out)
            if group.state == PREPARING and group.join_deadline <= now:
                self._join_time_is_over(group, now, out)
            elif group.state == COMPLETING and group.sync_deadline <= now:
                self._sync_time_is_over(group, now, out)

    def _sync_time_is_over(self, group: Group, now: Micros, out: Outcome) -> None:
        for member_id in list(group.pending_sync):
            member = group.members.get(member_id)
            if member is not None:
                self._forget(group, member)
        group.pending_sync = {}
        self._prepare(group, "not everybody asked for its assignment", now, out)
        if not group.members:
            self._complete(group, now, out)

    # --- offsets (spec 4.2.6) ---------------------------------------------------------------------

    def commit_error(self, request: OffsetCommitRequest, now: Micros) -> ErrorCode:
        """Whether this commit may be logged. Creates a simple group for a commit from outside."""
        group = self.groups.get(request.group_id)
        if group is None:
            if request.generation_id >= 0:
                return ErrorCode.ILLEGAL_GENERATION
            self.groups[request.group_id] = Group(request.group_id)
            return ErrorCode.NONE
        if request.generation_id < 0 and not request.member_id:
            return ErrorCode.NONE if group.state == EMPTY else ErrorCode.UNKNOWN_MEMBER_ID
        error = self._member_error(group, request.member_id, request.group_instance_id, request.generation_id)
        if error is not None:
            return error
        if group.state == COMPLETING:
            return ErrorCode.REBALANCE_IN_PROGRESS
        group.members[request.member_id].heard(now)
        return ErrorCode.NONE

    def expired_offsets(self, now_ms: int, retention_ms: int) -> list[tuple[str, TopicPartition]]:
        """(group, partition) of offsets that nobody will ask for any more (spec 4.3.1)."""
        found: list[tuple[str, TopicPartition]] = []
        for group in self.groups.values():
            if group.state != EMPTY:
                continue
            for partition, committed_ms in group.committed_ms.items():
                since = group.state_timestamp_ms if group.protocol_type else 0
                if now_ms - max(since, committed_ms) >= retention_ms:
                    found.append((group.group_id, partition))
        return found

    def describe(self, group_id: str) -> DescribedGroup:
        """What an administrator sees."""
        group = self.groups.get(group_id)
        if group is None:
            return DescribedGroup(ErrorCode.NONE, group_id, "Dead", "", "", -1, ())
        members = tuple(
            JoinedMember(one.member_id, one.group_instance_id, one.assignment) for one in group.members.values()
        )
        return DescribedGroup(
            ErrorCode.NONE,
            group_id,
            group.state,
            group.protocol_type,
            group.protocol,
            group.generation,
            members,
        )
