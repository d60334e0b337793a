"""SessionCache: the fetch sessions of a broker, `max.incremental.fetch.session.cache.slots` of them (spec 2.12)."""

from lab.env import Env, Micros, seconds
from lab.kafka.broker.fetch_session import EPOCHS, FetchSession
from lab.kafka.broker.partition import Partition
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FINAL_EPOCH, INITIAL_EPOCH, FetchRequest
from lab.kafka.protocol.topics import TopicPartition

UNUSED_AFTER: Micros = seconds(120)


class SessionCache:
    """All sessions by their ids."""

    __slots__ = ("partitions", "sessions", "slots")

    def __init__(self, slots: int, partitions: dict[TopicPartition, Partition]) -> None:
        self.slots = slots
        self.partitions = partitions
        self.sessions: dict[int, FetchSession] = {}

    def find(self, request: FetchRequest, env: Env) -> FetchSession | ErrorCode | None:
        """The session a request belongs to, brought up to date by it; None if it has none; or what is wrong."""
        if request.session_epoch in (INITIAL_EPOCH, FINAL_EPOCH):
            self._close(request.session_id)
            return self._begin(request, env) if request.session_epoch == INITIAL_EPOCH else None
        session = self.sessions.get(request.session_id)
        if session is None:
            return ErrorCode.FETCH_SESSION_ID_NOT_FOUND
        if request.session_epoch != session.epoch:
            return ErrorCode.INVALID_FETCH_SESSION_EPOCH
        session.add(request, env.now)
        if not session.request.partitions:
            self._end(request.session_id)
            return None
        return session

    def _begin(self, request: FetchRequest, env: Env) -> FetchSession | None:
        if len(self.sessions) >= self.slots and not self._make_room(request, env.now):
            return None
        # Drawn, so that nobody takes a session for the one it had with the process before this.
        session_id = 1 + env.dice.below(EPOCHS)
        while session_id in self.sessions:
            session_id = 1 + env.dice.below(EPOCHS)
        session = self.sessions[session_id] = FetchSession(session_id, request, env.now)
        return session

    def _make_room(self, request: FetchRequest, now: Micros) -> bool:
        """An unused one goes for the new one, a consumer's for a follower's, a smaller for a larger of its kind."""
        rank = request.replica_id >= 0, len(request.partitions)
        for session_id, one in self.sessions.items():
            if now - one.last_fetch > UNUSED_AFTER or (one.follower, len(one.request.partitions)) < rank:
                self._close(session_id)
                return True
        return False

    def _end(self, session_id: int) -> None:
        """One in which nothing is left to fetch. What it has forgotten may still be watched for it."""
        del self.sessions[session_id]
        for partition in self.partitions.values():
            partition.watchers.pop(session_id, None)

    def _close(self, session_id: int) -> None:
        session = self.sessions.pop(session_id, None)
        if session is not None:
            for name in session.request.partitions:
                partition = self.partitions.get(name)
                if partition is not None:
                    partition.watchers.pop(session_id, None)
