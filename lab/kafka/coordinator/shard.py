"""GroupShard: the groups of one partition of `__consumer_offsets` (spec 4.2).

Requests come in with a token; what is to be answered, logged and told is put into the Turn. Nothing is sent here.
"""

from dataclasses import dataclass

from lab.env import Micros, millis
from lab.kafka import facts
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator.client import Client
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.group import COMPLETING, EMPTY, PREPARING, STABLE, Group, Member, Token
from lab.kafka.coordinator.groups import AnyGroup, as_classic_group
from lab.kafka.coordinator.offset_records import StoredGroup
from lab.kafka.coordinator.turn import Turn
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.groups import (
    DescribedGroup,
    DescribedGroupMember,
    HeartbeatRequest,
    JoinedMember,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeaveGroupResponse,
    LeavingMember,
    LeftMember,
    SyncGroupRequest,
    SyncGroupResponse,
)

NEW_MEMBER_TIMEOUT: Micros = millis(300_000)


@dataclass(slots=True)
class Joining:
    """A JoinGroup, who sent it, and the member id it would get."""

    request: JoinGroupRequest
    client: Client
    token: Token
    fresh_id: str

    def member(self, member_id: str, now: Micros) -> Member:
        """The member it asks to be."""
        request = self.request
        return Member(
            member_id, *self.client, request.group_instance_id, request.session_timeout_ms,
            request.rebalance_timeout_ms, request.protocols, now + millis(request.session_timeout_ms),
        )  # fmt: skip


def join_request_error(request: JoinGroupRequest, config: BrokerConfig) -> ErrorCode | None:
    """What is wrong with a JoinGroup whatever group it is for."""
    if not request.group_id:
        return ErrorCode.INVALID_GROUP_ID
    timeout = request.session_timeout_ms
    if not config.group_min_session_timeout_ms <= timeout <= config.group_max_session_timeout_ms:
        return ErrorCode.INVALID_SESSION_TIMEOUT
    return None


class GroupShard:
    """Groups by id. One instance a partition that this broker leads."""

    def __init__(self, config: BrokerConfig) -> None:
        self.config = config
        self.groups: dict[str, AnyGroup] = {}

    def classic(self, group_id: str) -> Group | None:
        """The group of this id, if it is one of the classic protocol."""
        found = self.groups.get(group_id)
        return found if isinstance(found, Group) else None

    # --- joining (spec 4.2.3) ---------------------------------------------------------------------

    def join(self, joining: Joining, turn: Turn) -> None:
        """A consumer wants to be in the next generation. Not for a consumer group with members in it."""
        request = joining.request
        there = self.groups.get(request.group_id)
        group = as_classic_group(self.groups, request.group_id)
        error = self._join_error(group, request)
        if error is not None:
            self._refuse(joining.token, error, request.member_id, turn)
            return
        if isinstance(there, ConsumerGroup):
            turn.ended.append(request.group_id)
            turn.facts.append(facts.GroupConverted(request.group_id, "classic"))
        self.groups[request.group_id] = group
        if request.member_id:
            self._join_known(group, joining, turn)
        elif request.group_instance_id is not None:
            self._join_static(group, joining, turn)
        elif not request.takes_member_id:
            self._add(group, joining, joining.fresh_id, turn)
        else:
            group.pending[joining.fresh_id] = turn.now + millis(request.session_timeout_ms)
            self._refuse(joining.token, ErrorCode.MEMBER_ID_REQUIRED, joining.fresh_id, turn)

    def _refuse(self, token: Token, error: ErrorCode, member_id: str, turn: Turn) -> None:
        turn.replies.append((token, JoinGroupResponse(error, member_id=member_id)))

    def _join_error(self, group: Group, request: JoinGroupRequest) -> ErrorCode | None:
        error = join_request_error(request, self.config)
        if error is not None:
            return error
        if request.group_id not in self.groups and request.member_id:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if self._full(group, request.member_id):
            return ErrorCode.GROUP_MAX_SIZE_REACHED
        if not request.protocols or not request.protocol_type:
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if group.members and (group.protocol_type != request.protocol_type or not group.supports(request.protocols)):
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        return None

    def _full(self, group: Group, member_id: str) -> bool:
        """While a group rebalances only those count that have joined again: so a group that was made smaller
        sheds its slowest members.
        """
        most = self.config.group_max_size
        member = group.members.get(member_id)
        if group.state == PREPARING:
            joined = sum(one.joining is not None for one in group.members.values())
            return joined >= most and (member is None or member.joining is None)
        return member is None and len(group.members) >= most

    def _join_static(self, group: Group, joining: Joining, turn: Turn) -> None:
        """A static member without its id: new, or the same instance after a restart."""
        instance = joining.request.group_instance_id
        assert instance is not None
        old_id = group.static_members.get(instance)
        if old_id is None:
            self._add(group, joining, joining.fresh_id, turn)
            return
        member = self._replace(group, group.members[old_id], joining, turn)
        if group.state == STABLE and group.vote() == group.protocol:
            turn.log.append((group.group_id, group.stored()))
            skip = group.leader == member.member_id
            turn.replies.append((joining.token, self._joined(group, member, skip=skip)))
            return
        member.joining = joining.token
        if group.state == PREPARING:
            self._maybe_complete(group, turn)
        else:
            self._prepare(group, f"{instance} came back", turn)

    def _replace(self, group: Group, old: Member, joining: Joining, turn: Turn) -> Member:
        """The newest process with an instance id is that member; the one before is fenced."""
        self._answer_parked(old, ErrorCode.FENCED_INSTANCE_ID, turn)
        assert old.group_instance_id is not None
        member = joining.member(joining.fresh_id, turn.now)
        member.assignment = old.assignment
        member.client_host = old.client_host  # Kafka goes on to tell where the one before was
        member.is_new = False
        group.members = {
            (member if one is old else one).member_id: member if one is old else one for one in group.members.values()
        }
        group.pending_sync.pop(old.member_id, None)
        group.static_members[old.group_instance_id] = member.member_id
        if group.leader == old.member_id:
            group.leader = member.member_id
        return member

    def _answer_parked(self, member: Member, error: ErrorCode, turn: Turn) -> None:
        if member.joining is not None:
            self._refuse(member.joining, error, member.member_id, turn)
        if member.syncing is not None:
            turn.replies.append((member.syncing, SyncGroupResponse(error)))
        member.joining = member.syncing = None

    def _join_known(self, group: Group, joining: Joining, turn: Turn) -> None:
        request = joining.request
        member = group.members.get(request.member_id)
        if member is None and group.pending.pop(request.member_id, None) is not None:
            self._add(group, joining, request.member_id, turn)
            return
        error = group.identity_error(request.member_id, request.group_instance_id)
        if error is None and member is not None and member.group_instance_id != request.group_instance_id:
            error = ErrorCode.FENCED_INSTANCE_ID
        if error is not None or member is None or group.state == EMPTY:
            self._refuse(joining.token, error or ErrorCode.UNKNOWN_MEMBER_ID, request.member_id, turn)
            return
        same = member.protocols == request.protocols
        member.protocols = request.protocols
        member.session_timeout_ms = request.session_timeout_ms
        member.rebalance_timeout_ms = request.rebalance_timeout_ms
        if group.state == PREPARING:
            member.joining = joining.token
            self._maybe_complete(group, turn)
        elif same and (group.state == COMPLETING or member.member_id != group.leader):
            member.heard(turn.now)
            turn.replies.append((joining.token, self._joined(group, member)))
        else:
            member.joining = joining.token
            self._prepare(group, request.reason or f"{member.client_id} joins again", turn)

    def _add(self, group: Group, joining: Joining, member_id: str, turn: Turn) -> None:
        request = joining.request
        if not group.members:
            group.protocol_type = request.protocol_type
        member = group.members[member_id] = joining.member(member_id, turn.now)
        member.joining = joining.token
        member.deadline = turn.now + NEW_MEMBER_TIMEOUT
        if request.group_instance_id is not None:
            group.static_members[request.group_instance_id] = member_id
        if not group.leader:
            group.leader = member_id
        group.newcomer = True
        if group.state == PREPARING:
            self._maybe_complete(group, turn)
        else:
            self._prepare(group, f"{joining.client.client_id} joins", turn)

    # --- rebalancing ------------------------------------------------------------------------------

    def _prepare(self, group: Group, reason: str, turn: Turn) -> None:
        """Everybody is to join again."""
        for member in group.members.values():
            if member.syncing is not None:
                turn.replies.append((member.syncing, SyncGroupResponse(ErrorCode.REBALANCE_IN_PROGRESS)))
                member.syncing = None
                member.heard(turn.now)
        group.pending_sync = {}
        group.initial = group.state == EMPTY
        if group.initial:
            delay = millis(self.config.group_initial_rebalance_delay_ms)
            group.join_deadline = turn.now + delay
            group.initial_left = max(group.rebalance_timeout() - delay, 0)
            group.newcomer = False
        else:
            group.join_deadline = turn.now + group.rebalance_timeout()
        self._change(group, PREPARING, reason, turn)
        self._maybe_complete(group, turn)

    def _maybe_complete(self, group: Group, turn: Turn) -> None:
        """All known members have joined: no need to wait longer."""
        waiting = group.initial or group.pending or not group.members
        if group.state == PREPARING and not waiting and all(one.joining is not None for one in group.members.values()):
            self._complete(group, turn)

    def _join_time_is_over(self, group: Group, turn: Turn) -> None:
        if group.initial and group.newcomer and group.initial_left > 0:
            delay = min(millis(self.config.group_initial_rebalance_delay_ms), group.initial_left)
            group.initial_left -= delay
            group.join_deadline = turn.now + delay
            group.newcomer = False
        else:
            self._complete(group, turn)

    def _complete(self, group: Group, turn: Turn) -> None:
        """The next generation: whoever has joined, and static members who may still come."""
        for member in list(group.members.values()):
            if member.joining is None and member.group_instance_id is None:
                self._forget(group, member)
        joined = [member for member in group.members.values() if member.joining is not None]
        if group.members and not joined:
            group.join_deadline = turn.now + group.rebalance_timeout()
            return
        if joined and (group.leader not in group.members or group.members[group.leader].joining is None):
            group.leader = joined[0].member_id
        group.generation += 1
        group.initial = False
        if not group.members:
            group.leader = group.protocol = ""
            self._change(group, EMPTY, "nobody is left", turn)
            turn.log.append((group.group_id, group.stored()))
            return
        group.protocol = group.vote()
        self._change(group, COMPLETING, "all have joined", turn)
        group.pending_sync = dict.fromkeys(group.members)
        group.sync_deadline = turn.now + group.rebalance_timeout()
        for member in group.members.values():
            if member.joining is not None:
                turn.replies.append((member.joining, self._joined(group, member)))
            member.joining = None
            member.is_new = False
            member.heard(turn.now)

    def _joined(self, group: Group, member: Member, *, skip: bool = False) -> JoinGroupResponse:
        members: tuple[JoinedMember, ...] = ()
        if member.member_id == group.leader:
            members = tuple(
                JoinedMember(one.member_id, one.group_instance_id, one.metadata(group.protocol))
                for one in group.members.values()
            )
        return JoinGroupResponse(
            ErrorCode.NONE, group.generation, group.protocol, group.leader, member.member_id, members, skip,
            group.protocol_type,
        )  # fmt: skip

    def _change(self, group: Group, state: str, reason: str, turn: Turn) -> None:
        group.state = state
        group.state_timestamp_ms = turn.wall_time_ms
        members = tuple(member.client_id for member in group.members.values())
        turn.facts.append(facts.GroupStateChanged(group.group_id, state, group.generation, members, reason))

    def _forget(self, group: Group, member: Member) -> None:
        group.members.pop(member.member_id, None)
        group.pending_sync.pop(member.member_id, None)
        instance = member.group_instance_id
        if instance is not None and group.static_members.get(instance) == member.member_id:
            del group.static_members[instance]
        if group.leader == member.member_id:
            group.leader = next(iter(group.members), "")

    # --- syncing (spec 4.2.4) ---------------------------------------------------------------------

    def sync(self, request: SyncGroupRequest, token: Token, turn: Turn) -> None:
        """A member wants its assignment; the leader brings everybody's."""
        group = self.classic(request.group_id)
        error = self._member_error(group, request.member_id, request.group_instance_id, request.generation_id)
        if error is None and request.protocol_name not in (None, group.protocol if group else ""):
            error = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if error is None and request.protocol_type not in (None, group.protocol_type if group else ""):
            error = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if error is None and group is not None and group.state == PREPARING:
            error = ErrorCode.REBALANCE_IN_PROGRESS
        if error is not None or group is None:
            turn.replies.append((token, SyncGroupResponse(error or ErrorCode.UNKNOWN_MEMBER_ID)))
            return
        member = group.members[request.member_id]
        group.pending_sync.pop(member.member_id, None)
        if group.state == STABLE:
            member.heard(turn.now)
            turn.replies.append((token, self._synced(group, member)))
            return
        member.syncing = token
        if member.member_id == group.leader:
            # What members have until this is in the log is what they had before.
            turn.log.append((group.group_id, group.stored(dict(request.assignments))))

    def _synced(self, group: Group, member: Member) -> SyncGroupResponse:
        return SyncGroupResponse(ErrorCode.NONE, member.assignment, group.protocol_type, group.protocol)

    def assigned(self, group_id: str, stored: StoredGroup, error: ErrorCode, turn: Turn) -> None:
        """The assignment is in the log, or could not get there."""
        group = self.classic(group_id)
        if group is None or group.generation != stored.generation or group.state != COMPLETING:
            return
        if error:
            for member in group.members.values():
                if member.syncing is not None:
                    turn.replies.append((member.syncing, SyncGroupResponse(error)))
                    member.syncing = None
            self._prepare(group, "the assignment could not be stored", turn)
            return
        for one in stored.members:
            if one.member_id in group.members:
                group.members[one.member_id].assignment = one.assignment
        self._change(group, STABLE, "the assignment is stored", turn)
        for member in group.members.values():
            if member.syncing is not None:
                turn.replies.append((member.syncing, self._synced(group, member)))
                member.syncing = None
                member.heard(turn.now)

    # --- heartbeats and leaving (spec 4.2.5) ------------------------------------------------------

    def heartbeat(self, request: HeartbeatRequest, now: Micros) -> ErrorCode:
        """A member says it lives."""
        group = self.classic(request.group_id)
        error = self._member_error(group, request.member_id, request.group_instance_id, request.generation_id)
        if error is not None or group is None:
            return error or ErrorCode.UNKNOWN_MEMBER_ID
        group.members[request.member_id].heard(now)
        return ErrorCode.REBALANCE_IN_PROGRESS if group.state == PREPARING else ErrorCode.NONE

    def _member_error(
        self, group: Group | None, member_id: str, instance: str | None, generation: int
    ) -> ErrorCode | None:
        return ErrorCode.UNKNOWN_MEMBER_ID if group is None else group.member_error(member_id, instance, generation)

    def leave(self, request: LeaveGroupRequest, turn: Turn) -> LeaveGroupResponse:
        """Members leave by themselves; a static one can be removed by its instance id."""
        group = self.classic(request.group_id)
        if group is None:
            unknown = ErrorCode.UNKNOWN_MEMBER_ID
            return LeaveGroupResponse(
                ErrorCode.NONE,
                tuple(LeftMember(one.member_id, one.group_instance_id, unknown) for one in request.members),
            )
        gone = tuple(
            LeftMember(one.member_id, one.group_instance_id, self._leave(group, one, turn)) for one in request.members
        )
        return LeaveGroupResponse(ErrorCode.NONE, gone)

    def _leave(self, group: Group, leaving: LeavingMember, turn: Turn) -> ErrorCode:
        member_id, instance, reason = leaving
        if instance is not None and not member_id:
            member_id = group.static_members.get(instance, "")
        if group.pending.pop(member_id, None) is not None:
            self._maybe_complete(group, turn)
            return ErrorCode.NONE
        error = group.identity_error(member_id, instance)
        if error is not None:
            return error
        self._remove(group, group.members[member_id], reason or "left", turn)
        return ErrorCode.NONE

    def _remove(self, group: Group, member: Member, reason: str, turn: Turn) -> None:
        self._answer_parked(member, ErrorCode.UNKNOWN_MEMBER_ID, turn)
        self._forget(group, member)
        if group.state in (STABLE, COMPLETING):
            self._prepare(group, f"{member.client_id} {reason}", turn)
        if group.state == PREPARING and not group.members:
            self._complete(group, turn)
        else:
            self._maybe_complete(group, turn)

    def fence(self, group_id: str, generation: int, client_ids: tuple[str, ...], reason: str, turn: Turn) -> None:
        """Whoever has heard of a generation up to this one is of this group no more; of these clients, nobody is."""
        group = self.classic(group_id)
        assert group is not None, group_id
        group.generation = max(group.generation, generation)
        for member in list(group.members.values()):
            if member.client_id in client_ids:
                self._remove(group, member, reason, turn)
        if group.state in (STABLE, COMPLETING):
            self._prepare(group, reason, turn)
        group.pending = {}
        turn.log.append((group_id, group.stored()))

    # --- migration (KIP-848) ----------------------------------------------------------------------

    def hand_over(self, group: Group, turn: Turn) -> None:
        """A consumer group has taken this one's place: whoever waits here joins that."""
        for member in group.members.values():
            self._answer_parked(member, ErrorCode.REBALANCE_IN_PROGRESS, turn)

    def begin(self, turn: Turn, reason: str = "it came back to the classic protocol") -> None:
        """Groups that have come back to the classic protocol, and have no leader yet, rebalance: at once, or when a new
        coordinator has read of them.
        """
        for group in self.groups.values():
            if isinstance(group, Group) and group.state == STABLE and not group.leader:
                self._prepare(group, reason, turn)

    # --- time -------------------------------------------------------------------------------------

    def next_deadline(self) -> Micros | None:
        """When `on_deadline` wants to be called."""
        return min((at for group in self.groups.values() for at in group.deadlines()), default=None)

    def on_deadline(self, turn: Turn) -> None:
        """Sessions, joins and syncs whose time is over."""
        now = turn.now
        for group in [one for one in self.groups.values() if isinstance(one, Group)]:
            for member_id, deadline in list(group.pending.items()):
                if deadline <= now:
                    del group.pending[member_id]
                    self._maybe_complete(group, turn)
            for member in list(group.members.values()):
                if member.deadline <= now and not group.excused(member):
                    self._remove(group, member, "was silent for its session timeout", turn)
            if group.state == PREPARING and group.join_deadline <= now:
                self._join_time_is_over(group, turn)
            elif group.pending_sync and group.sync_deadline <= now:
                self._sync_time_is_over(group, turn)

    def _sync_time_is_over(self, group: Group, turn: Turn) -> None:
        for member_id in list(group.pending_sync):
            member = group.members.get(member_id)
            if member is not None:
                self._forget(group, member)
        self._prepare(group, "not everybody asked for its assignment", turn)
        if not group.members:
            self._complete(group, turn)

    def describe(self, group_id: str) -> DescribedGroup:
        """What an administrator sees."""
        group = self.classic(group_id)
        if group is None:
            return DescribedGroup(ErrorCode.NONE, group_id, "Dead", "", "", -1, ())
        # Only of a group at rest one knows by which protocol it goes.
        protocol = group.protocol if group.state == STABLE else ""
        members = tuple(
            DescribedGroupMember(
                one.member_id,
                one.group_instance_id,
                one.client_id,
                one.client_host,
                one.metadata(protocol),
                one.assignment,
            )
            for one in group.members.values()
        )
        return DescribedGroup(
            ErrorCode.NONE, group_id, group.state, group.protocol_type, protocol, group.generation, members
        )
