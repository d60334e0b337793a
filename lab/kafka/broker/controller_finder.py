"""ControllerFinder: which of several controllers is active, as a broker finds out (spec 3.3.3, 3.5).

Whoever answers the broker's metadata fetch is the one. In Kafka a broker learns it as an observer of the quorum, by
the answers to its fetches; the rest of what it says to the controller follows (NodeToControllerChannelManager).
"""

from typing import Protocol

from lab.env import Address, Env, Micros, NodeId, millis
from lab.kafka.broker.isr import IsrChanges
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.metadata.fetch import FetchMetadataRefused
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.envelope import EnvelopeResponse

CONTROLLER_CHANNELS = dict.fromkeys(("heartbeat", "metadata", "isr", "forward", "producer-ids"))
"""The connections over which a broker talks to a controller."""
SEEK, FORWARD, ALTER_PARTITION, METADATA = "seek", "forward", "alter-partition", "metadata"
AGAIN: Micros = millis(100)
FORWARD_FOR: Micros = millis(60_000)
"""How long an administrator's request waits for a controller (Kafka's retry time-out of the channel)."""


class Seeker(Protocol):
    """What the finder needs of the broker it belongs to."""

    controller: NodeId
    isr: IsrChanges
    forwarded: dict[int, tuple[Address, int]]

    def observe(self, env: Env) -> None:
        """Ask for the metadata that comes next."""
        ...

    def report(self, env: Env) -> None:
        """Tell the controller that this broker lives."""
        ...

    def ask_controller(self, env: Env, channel: str, body: object) -> int:
        """Send a request; returns its correlation id."""
        ...

    def reply(self, env: Env, sender: Address, correlation_id: int, body: object) -> None:
        """Answer a request that had to wait."""
        ...


class ControllerFinder:
    """Whom a broker asks, whether that one has answered, and what waits for one that does."""

    __slots__ = ("bodies", "found", "observing", "voters")

    def __init__(self, voters: tuple[NodeId, ...]) -> None:
        self.voters = voters
        self.found = False
        self.observing = -1
        self.bodies: dict[int, tuple[object, Micros]] = {}

    # --- the metadata fetch -----------------------------------------------------------------------

    def asked(self, env: Env, correlation_id: int, config: BrokerConfig) -> None:
        """A metadata fetch went out. Without an answer in time another controller is asked."""
        self.observing = correlation_id
        env.set_timer(SEEK, env.now + millis(config.controller_quorum_fetch_timeout_ms))

    def answered(self, broker: Seeker, env: Env, correlation_id: int) -> bool:
        """Records have come. Returns whether they are those that were asked for last."""
        if correlation_id != self.observing:
            return False
        if not self.found:
            self._found(broker, env)
        return True

    def refused(self, broker: Seeker, env: Env, correlation_id: int, body: FetchMetadataRefused) -> None:
        """Not this one: go where it points, or try another."""
        if correlation_id != self.observing:
            return
        self.found = False
        if body.controller and body.controller != broker.controller:
            broker.controller = body.controller
            self._found(broker, env)
            broker.observe(env)
        else:
            self._try_another(broker, env)

    def lost(self, broker: Seeker, env: Env, channel: str) -> None:
        """A connection with the controller is gone."""
        if channel == "metadata":
            self._try_another(broker, env)
        elif channel == "isr":
            broker.isr.failed()
            env.set_timer(ALTER_PARTITION, env.now + AGAIN)
        elif channel == "forward":
            env.set_timer(FORWARD, env.now + AGAIN)

    def seek(self, broker: Seeker, env: Env) -> None:
        """The controller is silent: ask another at once."""
        self._turn(broker, env)
        broker.observe(env)

    def _try_another(self, broker: Seeker, env: Env) -> None:
        self._turn(broker, env)
        env.set_timer(METADATA, env.now + AGAIN)

    def _turn(self, broker: Seeker, env: Env) -> None:
        others = [one for one in self.voters if one != broker.controller] or list(self.voters)
        self.found = False
        self.observing = -1
        broker.controller = others[env.dice.below(len(others))]

    def _found(self, broker: Seeker, env: Env) -> None:
        """What the last controller was asked and has not answered is asked again of this one."""
        self.found = True
        broker.report(env)
        broker.isr.failed()
        env.set_timer(ALTER_PARTITION, env.now)
        self.forward_again(broker, env)

    # --- administrators' requests -----------------------------------------------------------------

    def forwarded(self, env: Env, correlation_id: int, body: object) -> None:
        """A request was handed on."""
        self.bodies[correlation_id] = body, env.now + FORWARD_FOR

    def not_now(self, env: Env) -> None:
        """A controller that is not active refused one: it waits."""
        env.set_timer(FORWARD, env.now + AGAIN)

    def settled(self, correlation_id: int) -> None:
        """A request has its answer."""
        self.bodies.pop(correlation_id, None)

    def forward_again(self, broker: Seeker, env: Env) -> None:
        """Hand on once more what has no answer, or give it up after a minute."""
        waiting, broker.forwarded = broker.forwarded, {}
        bodies, self.bodies = self.bodies, {}
        for number, (sender, correlation_id) in waiting.items():
            body, deadline = bodies[number]
            if deadline <= env.now:
                broker.reply(env, sender, correlation_id, EnvelopeResponse(ErrorCode.REQUEST_TIMED_OUT))
                continue
            again = broker.ask_controller(env, "forward", body)
            broker.forwarded[again] = sender, correlation_id
            self.bodies[again] = body, deadline
