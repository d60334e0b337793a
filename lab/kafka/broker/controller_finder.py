"""ControllerFinder: which of several controllers is active, as a broker finds out (spec 3.3.3, 3.5).

Whoever answers the broker's metadata fetch is the one. In Kafka a broker learns it as an observer of the quorum, by
the answers to its fetches; the rest of what it says to the controller follows (NodeToControllerChannelManager).
"""

from typing import Protocol

from lab.env import Env, NodeId, millis
from lab.kafka.broker.forwarded import AGAIN, ForwardedRequests, Forwarder
from lab.kafka.broker.isr import IsrChanges
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.metadata.fetch import FetchMetadataRefused

CONTROLLER_CHANNELS = dict.fromkeys(("heartbeat", "metadata", "isr", "forward", "producer-ids"))
"""The connections over which a broker talks to a controller."""
SEEK, ALTER_PARTITION, METADATA = "seek", "alter-partition", "metadata"


class Seeker(Forwarder, Protocol):
    """What the finder needs of the broker it belongs to."""

    controller: NodeId
    isr: IsrChanges
    forwarded: ForwardedRequests

    def observe(self, env: Env) -> None:
        """Ask for the metadata that comes next."""
        ...

    def report(self, env: Env) -> None:
        """Tell the controller that this broker lives."""
        ...


class ControllerFinder:
    """Whom a broker asks, and whether that one has answered."""

    __slots__ = ("found", "observing", "voters")

    def __init__(self, voters: tuple[NodeId, ...]) -> None:
        self.voters = voters
        self.found = False
        self.observing = -1

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
            broker.forwarded.put_off(env)

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
        broker.forwarded.again(broker, env)
