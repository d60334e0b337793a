"""FetchSession: what a follower or consumer has asked of this broker, kept between its requests (KIP-227, spec 2.12).

It is also how a large cluster stays fast: a partition that changes marks itself `stale` in the sessions that
watch it, and an answer looks at nothing else. Kafka's broker looks at every partition of the session.
"""

from lab.env import Micros, Packed
from lab.kafka.protocol.messages.fetch import FetchRequest
from lab.kafka.protocol.topics import TopicPartition

EPOCHS = (1 << 31) - 1


class FetchSession(Packed):
    """`request`: the full fetch that all increments so far amount to. `stale`: partitions there may be something to
    say of; the others watch for it. `outside`: partitions whose in-sync replicas lack the follower that asks.
    `waiting`: the number of its request in the purgatory; 0: none.
    """

    __slots__ = ("epoch", "follower", "last_fetch", "outside", "request", "session_id", "stale", "waiting")

    def __init__(self, session_id: int, request: FetchRequest, now: Micros) -> None:
        self.session_id = session_id
        self.epoch = 1
        self.request = request
        self.stale: dict[TopicPartition, None] = dict.fromkeys(request.partitions)
        self.outside: dict[TopicPartition, None] = {}
        self.waiting = 0
        self.last_fetch = now
        self.follower = request.replica_id >= 0

    def add(self, request: FetchRequest, now: Micros) -> None:
        """An increment. Messages are never altered, so the sum is a new one."""
        self.epoch = self.epoch % EPOCHS + 1
        self.last_fetch = now
        old = self.request
        if not (request.partitions or request.forgotten) and limits(old) == limits(request):
            return
        partitions = {**old.partitions, **request.partitions}
        for name in request.forgotten:
            partitions.pop(name, None)
            self.stale.pop(name, None)
            self.outside.pop(name, None)
        for name in request.partitions:
            self.stale[name] = None
        self.request = FetchRequest(
            request.replica_id, request.max_wait_ms, request.min_bytes, request.max_bytes, partitions,
            request.replica_epoch, request.isolation_level, request.rack_id,
        )  # fmt: skip

    def rotate(self, name: TopicPartition) -> None:
        """Whose turn it was comes last next time."""
        del self.stale[name]
        self.stale[name] = None


def limits(request: FetchRequest) -> tuple[int, ...]:
    """What may differ from one request of a session to the next besides its partitions."""
    return request.replica_epoch, request.max_wait_ms, request.min_bytes, request.max_bytes, request.isolation_level
