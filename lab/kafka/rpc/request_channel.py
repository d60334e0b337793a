"""RequestChannel: one connection as its server sees it: one request at a time, answers in order."""

from typing import Protocol

from lab.kafka.rpc.envelope import Request


class Rephrased(Protocol):
    """How topics were called in a request that was said again with their names."""

    def with_ids(self, answer: object) -> object:
        """The answer as it was asked for."""
        ...


class RequestChannel:
    """While a request is unanswered the connection is muted, as Kafka's selector mutes it: what the client
    pipelines waits in the socket. `served`: somebody further up the call stack takes one after the other.
    `rephrased`: how the topics of the unanswered request were called, if not by name.
    """

    __slots__ = ("busy", "rephrased", "served", "waiting")

    def __init__(self) -> None:
        self.busy = False
        self.served = False
        self.rephrased: Rephrased | None = None
        self.waiting: list[Request] = []
