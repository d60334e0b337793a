"""ShareSessions: of each consumer, which partitions it fetches here, and how far its conversation has come."""

from dataclasses import dataclass, field

from lab.env import Address
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_fetch import (
    FINAL_EPOCH,
    INITIAL_EPOCH,
    ShareAcknowledgeRequest,
    ShareFetchRequest,
)
from lab.kafka.protocol.topics import TopicPartition

EPOCH_MAX = (1 << 31) - 1


@dataclass(slots=True)
class ShareSession:
    """One consumer at one broker. `epoch`: what its next request must name. `sender`: the connection."""

    group_id: str
    member_id: str
    client_id: str
    sender: Address
    epoch: int = 1
    partitions: dict[TopicPartition, None] = field(default_factory=dict[TopicPartition, None])


class ShareSessions:
    """Sessions by group and member."""

    def __init__(self) -> None:
        self.sessions: dict[tuple[str, str], ShareSession] = {}

    def take(
        self, request: ShareFetchRequest | ShareAcknowledgeRequest, sender: Address, client_id: str
    ) -> ShareSession | ErrorCode:
        """The session that a request belongs to, one step further; or what is wrong with the request.

        SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH, INVALID_REQUEST (acknowledgements of a session that only
        begins).
        """
        key, epoch = (request.group_id, request.member_id), request.share_session_epoch
        if epoch == INITIAL_EPOCH:
            if isinstance(request, ShareAcknowledgeRequest):
                return ErrorCode.INVALID_SHARE_SESSION_EPOCH
            if any(request.partitions.values()):
                return ErrorCode.INVALID_REQUEST
            session = self.sessions[key] = ShareSession(*key, client_id, sender)
            session.partitions = dict.fromkeys(request.partitions)
            return session
        session = self.sessions.get(key)
        if session is None:
            return ErrorCode.SHARE_SESSION_NOT_FOUND
        if epoch == FINAL_EPOCH:
            del self.sessions[key]
            return session
        if epoch != session.epoch:
            return ErrorCode.INVALID_SHARE_SESSION_EPOCH
        session.epoch = 1 if epoch == EPOCH_MAX else epoch + 1
        if isinstance(request, ShareFetchRequest):
            session.partitions.update(dict.fromkeys(request.partitions))
            for partition in request.forgotten:
                session.partitions.pop(partition, None)
        return session

    def of_group(self, group_id: str) -> bool:
        """Whether anybody of a group has a session here."""
        return any(one == group_id for one, _ in self.sessions)

    def hang_up(self, sender: Address) -> list[ShareSession]:
        """A connection is gone, and its sessions with it. Returns those."""
        gone = [key for key, one in self.sessions.items() if one.sender == sender]
        return [self.sessions.pop(key) for key in gone]
