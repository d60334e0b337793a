"""FetchSessionHandler: the asking half of a fetch session, which says only what has changed (KIP-227, spec 2.12)."""

from collections.abc import Iterable

from lab.env import Packed
from lab.kafka.protocol.messages.fetch import INITIAL_EPOCH, FetchPartition, FetchResponse
from lab.kafka.protocol.topics import TopicPartition, all_by_topic

EPOCHS = (1 << 31) - 1


class FetchSessionHandler(Packed):
    """What one broker has been asked for. `partitions` is all that its session should hold by now."""

    __slots__ = ("epoch", "forgotten", "partitions", "session_id")

    def __init__(self) -> None:
        self.session_id = 0
        self.epoch = INITIAL_EPOCH
        self.partitions: dict[TopicPartition, FetchPartition] = {}
        self.forgotten: dict[TopicPartition, None] = {}

    def forget(self, partition: TopicPartition) -> None:
        """Not to be fetched any more. An answer that is on its way does not count."""
        if self.partitions.pop(partition, None) is not None:
            self.forgotten[partition] = None

    def keep_only(self, wanted: Iterable[TopicPartition]) -> None:
        """Forget whatever is not in `wanted`."""
        for partition in [one for one in self.partitions if one not in wanted]:
            self.forget(partition)

    def changed(self, asked: dict[TopicPartition, FetchPartition]) -> dict[TopicPartition, FetchPartition]:
        """Take in what is asked now. Returns what the next request has to say of it: all, if there is no session."""
        known = self.partitions
        return self.moved({name: one for name, one in asked.items() if known.get(name) != one})

    def moved(self, news: dict[TopicPartition, FetchPartition]) -> dict[TopicPartition, FetchPartition]:
        """As `changed`, by somebody who knows that all this is news."""
        self.partitions.update(news)
        return dict(self.partitions) if self.epoch == INITIAL_EPOCH else news

    def take_forgotten(self) -> tuple[TopicPartition, ...]:
        """What the next request withdraws."""
        if not self.forgotten:
            return ()
        gone = all_by_topic(one for one in self.forgotten if one not in self.partitions)
        self.forgotten.clear()
        return gone if self.epoch != INITIAL_EPOCH else ()

    def answered(self, response: FetchResponse) -> bool:
        """Whether the answer is one to read. If not, the session is gone and the next request asks for all."""
        if response.error_code:
            self.session_id, self.epoch = 0, INITIAL_EPOCH
            return False
        if response.session_id:
            self.session_id = response.session_id
            self.epoch = self.epoch % EPOCHS + 1
        else:
            self.session_id, self.epoch = 0, INITIAL_EPOCH
        return True

    def lost(self) -> None:
        """No answer came: what the broker has told since is unknown, so begin again and close the old session."""
        self.epoch = INITIAL_EPOCH
