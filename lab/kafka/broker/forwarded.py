"""ForwardedRequests: what a broker has handed on to the controller, until that has answered (KIP-590)."""

from typing import NamedTuple, Protocol

from lab.env import Address, Env, Micros, millis
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.envelope import EnvelopeResponse

FORWARD = "forward"
AGAIN: Micros = millis(100)
FORWARD_FOR: Micros = millis(60_000)
"""How long an administrator's request waits for a controller (Kafka's retry time-out of the channel)."""


class Forwarder(Protocol):
    """What is needed of the broker that hands them on."""

    def ask_controller(self, env: Env, channel: str, body: object) -> int:
        """Send a request; returns its correlation id."""
        ...

    def reply(self, env: Env, sender: Address, correlation_id: int, body: object) -> None:
        """Answer a request that had to wait."""
        ...


class Waiting(NamedTuple):
    """One request, who sent it under which number, and until when it is tried."""

    sender: Address
    correlation_id: int
    body: object
    deadline: Micros


class ForwardedRequests:
    """`waiting`: by the correlation id under which the controller knows them."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: dict[int, Waiting] = {}

    def hand_on(self, broker: Forwarder, env: Env, sender: Address, correlation_id: int, body: object) -> None:
        """Ask the controller."""
        number = broker.ask_controller(env, FORWARD, body)
        self.waiting[number] = Waiting(sender, correlation_id, body, env.now + FORWARD_FOR)

    def answered(self, broker: Forwarder, env: Env, correlation_id: int, body: object) -> None:
        """Its answer is ours."""
        found = self.waiting.pop(correlation_id, None)
        if found is not None:
            broker.reply(env, found.sender, found.correlation_id, body)

    def put_off(self, env: Env) -> None:
        """The connection is gone, or that controller is not active: all that has no answer is asked again."""
        env.set_timer(FORWARD, env.now + AGAIN)

    def again(self, broker: Forwarder, env: Env) -> None:
        """Hand on once more what has no answer, or give it up after a minute."""
        waiting, self.waiting = self.waiting, {}
        for one in waiting.values():
            if one.deadline <= env.now:
                broker.reply(env, one.sender, one.correlation_id, EnvelopeResponse(ErrorCode.REQUEST_TIMED_OUT))
                continue
            self.waiting[broker.ask_controller(env, FORWARD, one.body)] = one
