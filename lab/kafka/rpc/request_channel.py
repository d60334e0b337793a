"""RequestChannel: one connection as its server sees it: one request at a time, answers in order."""

from typing import Protocol

from lab.env import Packed
from lab.kafka.rpc.envelope import Request


class Rephrased(Protocol):
    """What was made of a request before it was handled: with names for ids, or less than was asked for."""

    def rephrase(self, answer: object) -> object:
        """The answer to what was asked."""
        ...


class RequestChannel(Packed):
    """While a request is unanswered the connection is muted, as Kafka's selector mutes it: what the client
    pipelines waits in the socket. `served`: somebody further up the call stack takes one after the other.
    `rephrased`: what was made of the unanswered request, one after the other.
    """

    __slots__ = ("busy", "rephrased", "served", "waiting")

    def __init__(self) -> None:
        self.busy = False
        self.served = False
        self.rephrased: list[Rephrased] = []
        self.waiting: list[Request] = []
