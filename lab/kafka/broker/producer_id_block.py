"""ProducerIdBlock: the producer ids a broker may hand out, a block at a time from the controller (spec 5.2)."""

from typing import TYPE_CHECKING

from lab.env import Env
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.producer_ids import AllocateProducerIdsRequest, AllocateProducerIdsResponse

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker


class ProducerIdBlock:
    """What is left of the block, from `next_id` up to but without `end_id`; none of it below `least`."""

    __slots__ = ("end_id", "least", "next_id")

    def __init__(self) -> None:
        self.next_id = 0
        self.end_id = 0
        self.least = 0

    def take(self, broker: "Broker", env: Env) -> int:
        """A producer id; -1 while a new block is on its way."""
        if self.next_id < self.end_id:
            self.next_id += 1
            env.tell(facts.ProducerIdGiven(self.next_id - 1))
            return self.next_id - 1
        self._ask(broker, env)
        return -1

    def skip(self, broker: "Broker", env: Env, least: int) -> None:
        """Hand out none below this one, and have the controller know it at once."""
        self.least = max(least, self.least)
        self.next_id = self.end_id = 0
        self._ask(broker, env)

    def granted(self, broker: "Broker", env: Env, answer: AllocateProducerIdsResponse) -> None:
        """The controller's answer; a block that was asked for before ids were to be skipped is not taken."""
        if answer.error_code is not ErrorCode.NONE:
            return
        self.next_id = answer.producer_id_start
        self.end_id = self.next_id + answer.producer_id_len
        if self.next_id < self.least:
            self.skip(broker, env, self.least)

    def _ask(self, broker: "Broker", env: Env) -> None:
        request = AllocateProducerIdsRequest(broker.broker_id, broker.lifecycle.broker_epoch, self.least)
        broker.ask_controller(env, "producer-ids", request)
