"""InFlight: the messages that are on their way right now, straight from the event heap."""

from dataclasses import dataclass
from functools import lru_cache

from lab.cluster.probes.views import FlightView
from lab.env import Micros, node_of
from lab.kafka.clients.program import ProgramRecipe
from lab.kafka.protocol.messages.fetch import FetchRequest, FetchResponse
from lab.kafka.protocol.messages.produce import ProduceRequest, ProduceResponse
from lab.kafka.rpc.envelope import Request, Response
from lab.world.flights import Flight, heard_since, in_flight
from lab.world.world import World

FLIGHTS_MAX = 3_000


@dataclass(frozen=True, slots=True)
class InFlight:
    """At most `limit` messages between hosts. `quiet`: also those that carry nothing a picture needs.

    `linger`: also those heard less than so long ago. A message takes half a millisecond, which no eye can follow
    at the speed of life.
    """

    limit: int = FLIGHTS_MAX
    quiet: bool = False
    linger: Micros = 0

    def __call__(self, world: World) -> tuple[FlightView, ...]:
        """The answer."""
        found: list[FlightView] = []
        for flight in (*in_flight(world), *(heard_since(world, world.now - self.linger) if self.linger else ())):
            view = _view(flight)
            if self.quiet or view.kind in ("record", "ack", "replica") or _of_program(world, view):
                found.append(view)
            if len(found) == self.limit:
                break
        return tuple(found)


def _of_program(world: World, view: FlightView) -> bool:
    """Whether a real client sends or gets it: each of its messages is shown, since it is somebody's own."""
    return any(
        end in world.hosts and isinstance(world.hosts[end].recipe, ProgramRecipe) for end in (view.source, view.target)
    )


@lru_cache(maxsize=8_192)
def _view(flight: Flight) -> FlightView:
    """Remembered: while a message lingers, the same one is asked for in every frame."""
    body = flight.body
    kind, partition, records = "request", "", 0
    if isinstance(body, Request):
        kind, partition, records = _request(body.body)
    elif isinstance(body, Response):
        kind, partition, records = _response(body.body, flight)
    return FlightView(
        node_of(flight.source), flight.target, kind, flight.sent_at, flight.arrives_at, flight.held, partition, records,
        flight.event,
    )  # fmt: skip


def _request(body: object) -> tuple[str, str, int]:
    if isinstance(body, ProduceRequest):
        first = next(iter(body.data), None)
        return "record", str(first or ""), sum(batch.record_count for batch in body.data.values())
    if isinstance(body, FetchRequest):
        return "request", str(next(iter(body.partitions), "")), 0
    return "request", "", 0


def _response(body: object, flight: Flight) -> tuple[str, str, int]:
    if isinstance(body, ProduceResponse):
        return "ack", str(next(iter(body.responses), "")), 0
    if isinstance(body, FetchResponse):
        with_data = {name: one for name, one in body.responses.items() if one.records}
        if not with_data:
            return "response", "", 0
        count = sum(batch.record_count for one in with_data.values() for batch in one.records)
        kind = "replica" if flight.target.startswith("broker-") else "record"
        return kind, str(next(iter(with_data))), count
    return "response", "", 0
