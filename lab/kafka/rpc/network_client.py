"""NetworkClient: requests that are out, by correlation id, and which of them have been out too long."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from lab.env import Address, Env, Micros, Packed, address
from lab.kafka.rpc.envelope import Request

Tag: TypeAlias = Any
"""Whatever a sender wants back with the answer: only it knows what it gave."""


@dataclass(slots=True)
class InFlightRequest(Packed):
    """One request without an answer. `tag` is whatever its sender wants back."""

    target: Address
    deadline: Micros
    tag: Tag


class NetworkClient:
    """What one client has asked and not heard yet. Two clients of one process have connections of their own: those of
    the second are named by its `channel`. `request_timeout`: how long an answer may take (request.timeout.ms).
    """

    __slots__ = ("channel", "client_id", "correlation_id", "in_flight", "request_timeout")

    def __init__(self, client_id: str, request_timeout: Micros, channel: str = "") -> None:
        self.client_id = client_id
        self.request_timeout = request_timeout
        self.channel = channel
        self.correlation_id = 0
        self.in_flight: dict[int, InFlightRequest] = {}

    def send(self, env: Env, target: Address, body: object, size: int, tag: Tag, timeout: Micros | None = None) -> None:
        """Send a request; its answer, loss or time-out will come with `tag`. `timeout`: where it may take longer."""
        self.correlation_id += 1
        if timeout is None:
            timeout = self.request_timeout
        if self.channel:
            target = self._own(target)
        self.in_flight[self.correlation_id] = InFlightRequest(target, env.now + timeout, tag)
        env.send(target, Request(self.correlation_id, self.client_id, body), size)

    def _own(self, target: Address) -> Address:
        return target if "#" in target else address(target, self.channel)

    def answered(self, correlation_id: int) -> Tag | None:
        """The tag of an answered request; None if nobody waits for it any more."""
        found = self.in_flight.pop(correlation_id, None)
        return found.tag if found is not None else None

    def lost(self, target: Address) -> list[Tag]:
        """The connection is gone: the tags of all that was out on it."""
        gone = [number for number, one in self.in_flight.items() if one.target == target]
        return [self.in_flight.pop(number).tag for number in gone]

    def forget(self, *tags: Tag) -> None:
        """Nobody waits for these answers any more."""
        self.in_flight = {number: one for number, one in self.in_flight.items() if one.tag not in tags}

    def expired(self, now: Micros) -> list[Tag]:
        """The tags of requests that were out too long; a late answer will find nobody."""
        first = self.next_deadline()
        if first is None or first > now:
            return []
        gone = [number for number, one in self.in_flight.items() if one.deadline <= now]
        return [self.in_flight.pop(number).tag for number in gone]

    def count(self, target: Address) -> int:
        """How many requests are out to a target."""
        if self.channel:
            target = self._own(target)
        count = 0
        for one in self.in_flight.values():
            count += one.target == target
        return count

    def next_deadline(self) -> Micros | None:
        """When the first request has been out too long."""
        first: Micros | None = None
        for one in self.in_flight.values():  # a few at most, and asked in every turn: a comprehension costs more
            if first is None or one.deadline < first:
                first = one.deadline
        return first
