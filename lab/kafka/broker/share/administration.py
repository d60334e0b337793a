"""ShareAdministration: where share groups are, told, changed and forgotten by their coordinator (KIP-932).

What is to be known stands with the share coordinators, so most of it is asked there: a `Job` waits for their answers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from lab.env import Address, Env
from lab.kafka.broker.consumer_groups import APPEND_ERRORS
from lab.kafka.broker.forgetting import Outcome
from lab.kafka.broker.share.groups import PendingJob, ShareGroups
from lab.kafka.broker.share.persister import Persister
from lab.kafka.coordinator.group import NOBODY, Token
from lab.kafka.coordinator.share_group import Partitions, ShareGroup
from lab.kafka.coordinator.share_group_records import Entry, epoch_entry, group_tombstones, initialized_entry
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.group_admin import DeleteGroupsResponse
from lab.kafka.protocol.messages.share_offsets import (
    AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsResponse,
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsResponse,
    DescribedShareOffsets,
    DescribeShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsResponse,
    ShareOffset,
    ShareOffsetsAsked,
)
from lab.kafka.protocol.messages.share_state import (
    DeleteShareGroupStateRequest,
    InitializeShareGroupStateRequest,
    ReadShareGroupStateSummaryRequest,
    ShareStateRequest,
    ShareStateResponse,
)
from lab.kafka.protocol.topic_ids import TopicId
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

UNKNOWN = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@dataclass(slots=True)
class Describing:
    """To be answered when share coordinators have said so many things more."""

    reply_to: Token
    response: DescribeShareGroupOffsetsResponse
    left: int


@dataclass(slots=True)
class Altering:
    """The new start offsets, to be stored in `state_epoch`: it is above all before, so whoever leads with an older
    state is fenced.
    """

    reply_to: Token
    response: AlterShareGroupOffsetsResponse
    group_id: str
    state_epoch: int
    offsets: dict[TopicPartition, int]
    left: int


@dataclass(slots=True)
class Forgetting:
    """Partitions whose states go first, and then from what the group knows. A crash between leaves what a topic new to
    the group has: no state.
    """

    reply_to: Token
    response: DeleteShareGroupOffsetsResponse
    group_id: str
    partitions: Partitions
    left: int


@dataclass(slots=True)
class Ending:
    """A whole group: the states of its partitions, then itself. `outcome`: who hears of it, with other groups."""

    outcome: Outcome
    group_id: str
    left: int
    error: ErrorCode = ErrorCode.NONE

    @property
    def reply_to(self) -> Token:
        """Whoever waits for all of it."""
        return self.outcome.reply_to

    @reply_to.setter
    def reply_to(self, token: Token) -> None:
        self.outcome.reply_to = token


Job: TypeAlias = Describing | Altering | Forgetting | Ending


@dataclass(slots=True)
class ShareAdministration:
    """Jobs by number. A coordinator that loses its office forgets them: its connections are asked again elsewhere."""

    persister: Persister
    groups: ShareGroups
    jobs: dict[int, Job] = field(default_factory=dict[int, Job])
    next_number: int = 0

    def _begin(self, job: Job) -> int:
        self.next_number += 1
        self.jobs[self.next_number] = job
        return self.next_number

    def _empty(self, broker: "Broker", group_id: str) -> tuple[TopicPartition, ShareGroup] | ErrorCode:
        """A share group without members, and the partition that keeps it."""
        if not group_id:
            return ErrorCode.INVALID_GROUP_ID
        found = self.groups.found(broker, group_id)
        if isinstance(found, ErrorCode):
            return found
        group = found[1].get(group_id)
        if group is None:
            return ErrorCode.GROUP_ID_NOT_FOUND
        return ErrorCode.NON_EMPTY_GROUP if group.members else (found[0], group)

    # --- DescribeShareGroupOffsets ----------------------------------------------------------------

    def describe(
        self, broker: "Broker", env: Env, request: DescribeShareGroupOffsetsRequest, token: Token
    ) -> DescribeShareGroupOffsetsResponse | None:
        """An answer now, or None: later, when the share coordinators have said what they know."""
        groups = tuple(self._asked(broker, one) for one in request.groups)
        named = (name for group in groups for name in group.partitions)
        response = DescribeShareGroupOffsetsResponse(groups, _ids(broker, named))
        known = [
            (group.group_id, name)
            for group in groups for name in group.partitions if broker.image.partition(name) is not None
        ]  # fmt: skip
        if not known:
            return response
        number = self._begin(Describing(token, response, len(known)))
        for group_id, name in known:
            self.persister.ask(broker, env, ReadShareGroupStateSummaryRequest(group_id, name), number)
        return None

    def _asked(self, broker: "Broker", asked: ShareOffsetsAsked) -> DescribedShareOffsets:
        """Before anything is known. A group or a topic that is not there has no offsets, and no error for it."""
        if asked.partitions is not None:
            return DescribedShareOffsets(asked.group_id, {one: ShareOffset() for one in asked.partitions})
        found = self.groups.found(broker, asked.group_id)
        if isinstance(found, ErrorCode):
            return DescribedShareOffsets(asked.group_id, error_code=found)
        group = found[1].get(asked.group_id)
        return DescribedShareOffsets(
            asked.group_id, {one: ShareOffset() for one in group.initialized} if group is not None else {}
        )

    # --- AlterShareGroupOffsets -------------------------------------------------------------------

    def alter(
        self, broker: "Broker", env: Env, request: AlterShareGroupOffsetsRequest, token: Token
    ) -> AlterShareGroupOffsetsResponse | None:
        """An answer now, or None: later, when it is stored."""
        found = self._empty(broker, request.group_id)
        if isinstance(found, ErrorCode):
            return AlterShareGroupOffsetsResponse(found)
        errors = {
            name: UNKNOWN if broker.image.partition(name) is None else ErrorCode.NONE for name in request.offsets
        }  # fmt: skip
        response = AlterShareGroupOffsetsResponse(ErrorCode.NONE, errors, _ids(broker, errors))
        offsets = {name: offset for name, offset in request.offsets.items() if not errors[name]}
        if not offsets:
            return response
        epoch = found[1].group_epoch + 1
        number = self._begin(Altering(token, response, request.group_id, epoch, offsets, len(offsets)))
        self._log(broker, env, request.group_id, [epoch_entry(request.group_id, epoch)], number, "its offsets change")
        return None

    # --- DeleteShareGroupOffsets ------------------------------------------------------------------

    def forget(
        self, broker: "Broker", env: Env, request: DeleteShareGroupOffsetsRequest, token: Token
    ) -> DeleteShareGroupOffsetsResponse | None:
        """An answer now, or None: later, when all is forgotten."""
        found = self._empty(broker, request.group_id)
        if isinstance(found, ErrorCode):
            return DeleteShareGroupOffsetsResponse(found)
        begun = {one: None for one in found[1].initialized if one.topic in request.topics}
        topics = dict.fromkeys(one.topic for one in begun)
        errors = {topic: ErrorCode.NONE if topic in topics else UNKNOWN for topic in request.topics}
        response = DeleteShareGroupOffsetsResponse(ErrorCode.NONE, errors, _ids(broker, begun))
        if not begun:
            return response
        number = self._begin(Forgetting(token, response, request.group_id, tuple(begun), len(begun)))
        self._delete_states(broker, env, request.group_id, tuple(begun), number)
        return None

    # --- DeleteGroups -----------------------------------------------------------------------------

    def end(self, broker: "Broker", env: Env, group_id: str, outcome: Outcome) -> None:
        """Delete a group that has no members."""
        found = self._empty(broker, group_id)
        assert not isinstance(found, ErrorCode), found
        begun = tuple(found[1].initialized)
        number = self._begin(Ending(outcome, group_id, len(begun)))
        if begun:
            self._delete_states(broker, env, group_id, begun, number)
        else:
            self._told(broker, env, number, self.jobs[number])

    # --- what share coordinators and the log say --------------------------------------------------

    def _delete_states(self, broker: "Broker", env: Env, group_id: str, partitions: Partitions, number: int) -> None:
        for name in partitions:
            self.persister.ask(broker, env, DeleteShareGroupStateRequest(group_id, name), number)

    def heard(
        self, broker: "Broker", env: Env, number: int, request: ShareStateRequest, answer: ShareStateResponse
    ) -> None:
        """A share coordinator has answered, or cannot."""
        job = self.jobs.get(number)
        if job is None:
            return
        job.left -= 1
        error = answer.error_code
        match job:
            case Describing():
                # In Kafka too what cannot be read is as good as not there.
                offset = ShareOffset() if error else ShareOffset(answer.start_offset, answer.leader_epoch)
                for group in job.response.groups:
                    if group.group_id == request.group_id and request.partition in group.partitions:
                        group.partitions[request.partition] = offset
            case Altering():
                job.response.partitions[request.partition] = error
            case Forgetting():
                job.response.topics[request.partition.topic] = job.response.topics[request.partition.topic] or error
            case Ending():
                job.error = job.error or error
        if not job.left:
            self._told(broker, env, number, job)

    def _told(self, broker: "Broker", env: Env, number: int, job: Job) -> None:
        """All share coordinators have answered: what is left to do."""
        match job:
            case Describing() | Altering():
                self._done(broker, env, number, job)
            case Forgetting():
                gone = [one for one in job.partitions if not job.response.topics[one.topic]]
                group = self._group(broker, job.group_id)
                if isinstance(group, ErrorCode):
                    job.response = DeleteShareGroupOffsetsResponse(group)
                if isinstance(group, ErrorCode) or not gone:
                    self._done(broker, env, number, job)
                    return
                left = tuple(one for one in group.initialized if one not in gone)
                entry = initialized_entry(job.group_id, left, env.wall_time_ms)
                self._log(broker, env, job.group_id, [entry], number, "its offsets are deleted")
            case Ending():
                found = self._empty(broker, job.group_id)
                job.error = found if isinstance(found, ErrorCode) else job.error
                if job.error:
                    self._done(broker, env, number, job)
                else:
                    self._log(broker, env, job.group_id, group_tombstones(job.group_id), number, "it is deleted")

    def _group(self, broker: "Broker", group_id: str) -> ShareGroup | ErrorCode:
        found = self.groups.found(broker, group_id)
        return found if isinstance(found, ErrorCode) else found[1].get(group_id) or ErrorCode.GROUP_ID_NOT_FOUND

    def _log(self, broker: "Broker", env: Env, group_id: str, entries: list[Entry], number: int, reason: str) -> None:
        found = self.groups.found(broker, group_id)
        assert not isinstance(found, ErrorCode), found
        self.groups.change(broker, env, found[0], found[1][group_id], entries, reason, PendingJob(number))

    def logged(self, broker: "Broker", env: Env, number: int, error: ErrorCode) -> None:
        """What changes the group is replicated, or was refused."""
        job = self.jobs.get(number)
        if job is None:
            return
        error = APPEND_ERRORS.get(error, error)
        match job:
            case Describing():
                raise AssertionError("it logs nothing")
            case Altering() if not error:
                for name, offset in job.offsets.items():
                    asked = InitializeShareGroupStateRequest(job.group_id, name, job.state_epoch, offset)
                    self.persister.ask(broker, env, asked, number)
                return
            case Altering():
                job.response = AlterShareGroupOffsetsResponse(error)
            case Forgetting() if error:
                job.response = DeleteShareGroupOffsetsResponse(error)
            case Forgetting():
                pass
            case Ending():
                job.error = error
        self._done(broker, env, number, job)

    def _done(self, broker: "Broker", env: Env, number: int, job: Job) -> None:
        del self.jobs[number]
        if not isinstance(job, Ending):
            broker.reply(env, *job.reply_to, job.response)
            return
        response = job.outcome.response
        assert isinstance(response, DeleteGroupsResponse)
        response.groups[job.group_id] = job.error
        job.outcome.waits_for -= 1
        if not job.outcome.waits_for:
            broker.reply(env, *job.outcome.reply_to, response)

    def hang_up(self, sender: Address) -> None:
        """A connection is gone: nobody hears what was asked on it."""
        for job in self.jobs.values():
            if job.reply_to[0] == sender:
                job.reply_to = NOBODY


def _ids(broker: "Broker", partitions: Iterable[TopicPartition]) -> Mapping[str, TopicId]:
    """The ids of their topics, as far as there are such."""
    return {one.topic: broker.image.topic_id(one.topic) for one in partitions}
