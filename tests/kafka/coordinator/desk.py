"""A group coordinator's desk without a network: members are names, time is milliseconds."""

from typing import Any, cast

from lab.env import millis
from lab.kafka import facts
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator.client import Client
from lab.kafka.coordinator.commits import commit_error
from lab.kafka.coordinator.group import Group
from lab.kafka.coordinator.shard import GroupShard, Joining
from lab.kafka.coordinator.turn import Turn
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.groups import (
    HeartbeatRequest,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeavingMember,
    SyncGroupRequest,
    SyncGroupResponse,
)
from lab.kafka.protocol.messages.offsets import CommittedOffset, OffsetCommitRequest
from lab.kafka.protocol.topics import TopicPartition
from tests.story import settings

WALL_MS = 1_767_225_600_000
RANGE = (("range", b"\x00\x03\x00\x00\x00\x00"),)


class Desk:
    """One shard; what it logs is stored at once, unless `storing` is off."""

    def __init__(self, **config: object) -> None:
        self.shard = GroupShard(BrokerConfig(settings(**config)))
        self.now_ms = 0
        self.storing = True
        self.answers: dict[str, Any] = {}
        self.ids: dict[str, str] = {}
        self.states: list[tuple[int, str, int]] = []
        self.fresh = 0

    @property
    def group(self) -> Group:
        found = self.shard.classic("pay")
        assert found is not None
        return found

    def _turn(self) -> Turn:
        return Turn(millis(self.now_ms), WALL_MS + self.now_ms)

    def _settle(self, turn: Turn) -> None:
        for (name, _), answer in turn.replies:
            self.answers[name] = answer
            if isinstance(answer, JoinGroupResponse) and answer.member_id:
                self.ids[name] = answer.member_id
        for fact in turn.facts:
            assert isinstance(fact, facts.GroupStateChanged)
            self.states.append((self.now_ms, fact.state, fact.generation_id))
        if self.storing:
            for group_id, stored in turn.log:
                after = self._turn()
                self.shard.assigned(group_id, stored, ErrorCode.NONE, after)
                self._settle(after)

    # --- requests ---------------------------------------------------------------------------------

    def join_once(
        self, name: str, member_id: str = "", *, session_ms: int = 10_000, rebalance_ms: int = 60_000,
        protocols: tuple[tuple[str, bytes], ...] = RANGE, instance: str | None = None, host: str = "",
    ) -> JoinGroupResponse | None:  # fmt: skip
        """One JoinGroup; None when it is parked."""
        self.fresh += 1
        request = JoinGroupRequest(
            "pay", session_ms, rebalance_ms, member_id, protocols, group_instance_id=instance
        )  # fmt: skip
        self.answers.pop(name, None)
        turn = self._turn()
        client = Client(name, host or f"/{name}")
        self.shard.join(Joining(request, client, (name, self.fresh), f"{name}-{self.fresh}"), turn)
        self._settle(turn)
        return self.answers.get(name)

    def join(self, name: str, **how: Any) -> JoinGroupResponse | None:
        """As a client does: with the id it was given, or with the one it is told to take."""
        answer = self.join_once(name, self.ids.get(name, ""), **how)
        if answer is not None and answer.error_code is ErrorCode.MEMBER_ID_REQUIRED:
            answer = self.join_once(name, answer.member_id, **how)
        return answer

    def sync(
        self, name: str, generation: int | None = None, *, instance: str | None = None, **plan: Any
    ) -> SyncGroupResponse | None:
        """SyncGroup, with a plan by name if `name` leads; None when it is parked."""
        assignments = tuple((self.ids[who], what) for who, what in plan.items())
        number = self.group.generation if generation is None else generation
        self.answers.pop(name, None)
        turn = self._turn()
        request = SyncGroupRequest("pay", number, self.ids[name], assignments, group_instance_id=instance)
        self.shard.sync(request, (name, 0), turn)
        self._settle(turn)
        return self.answers.get(name)

    def heartbeat(self, name: str, generation: int | None = None, instance: str | None = None) -> ErrorCode:
        number = self.group.generation if generation is None else generation
        return self.shard.heartbeat(HeartbeatRequest("pay", number, self.ids[name], instance), millis(self.now_ms))

    def leave(self, name: str, member_id: str | None = None, instance: str | None = None) -> tuple[ErrorCode, ...]:
        turn = self._turn()
        who = self.ids[name] if member_id is None else member_id
        answer = self.shard.leave(LeaveGroupRequest("pay", (LeavingMember(who, instance),)), turn)
        self._settle(turn)
        return tuple(one.error_code for one in answer.members)

    def commit(self, name: str = "", generation: int = -1, group: str = "pay") -> ErrorCode:
        offsets = {TopicPartition("orders", 0): CommittedOffset(1)}
        request = OffsetCommitRequest(group, generation, self.ids.get(name, ""), offsets)
        return commit_error(self.shard.groups, request, millis(self.now_ms))

    # --- time -------------------------------------------------------------------------------------

    def wait(self, duration_ms: int) -> None:
        """Let time pass, waking at each deadline."""
        end = self.now_ms + duration_ms
        while (at := self.shard.next_deadline()) is not None and at <= millis(end):
            self.now_ms = max(self.now_ms, at // 1_000)
            turn = self._turn()
            self.shard.on_deadline(turn)
            self._settle(turn)
        self.now_ms = end

    def stable(self, *names: str, **how: Any) -> "Desk":
        """A stable group of these members in generation 1, the first of them its leader."""
        for name in names:
            self.join(name, **how)
        while self.group.state != "CompletingRebalance":
            self.wait(1_000)
        for name in names[1:]:
            self.sync(name)
        self.sync(names[0], **cast("dict[str, Any]", {name: name.encode() for name in names}))
        assert self.group.state == "Stable"
        return self
