"""RequestChannel: one connection as its server sees it: one request at a time, answers in order."""

from lab.kafka.rpc.envelope import Request


class RequestChannel:
    """While a request is unanswered the connection is muted, as Kafka's selector mutes it: what the client
    pipelines waits in the socket. `served`: somebody further up the call stack takes one after the other.
    """

    __slots__ = ("busy", "served", "waiting")

    def __init__(self) -> None:
        self.busy = False
        self.served = False
        self.waiting: list[Request] = []
