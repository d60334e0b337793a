"""Breakpoints: stop where something happens that means something, at the very event.

A breakpoint is data with a text of its own (`loss`, `lag payments > 500`), so that it can be kept in files. They
listen to a world as guests and only while there are any: a run without them pays nothing. What has an edge (lag) fires
when it is crossed; going on from there does not fire again, and running the same past again does.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lab.cluster.actions.settings import topic_settings
from lab.cluster.build import image_of
from lab.cluster.lookup.parts import ledger_of
from lab.cluster.moments.moments import broker_name
from lab.cluster.probes.topology import leading_replica
from lab.cluster.refused import Refused, shown, wanted
from lab.cluster.watch import Observer, Watch, hears
from lab.cluster.words.groups import lag
from lab.env import Micros, NodeId
from lab.kafka import facts
from lab.world.timeline import Timeline
from lab.world.world import World

KINDS = {
    "loss": "an acknowledged record is lost",
    "min-isr": "fewer replicas are in sync than min.insync.replicas",
    "rebalance": "a group rebalances",
    "lag": "a group lags too far behind",
    "leader": "a partition changes its leader",
    "fenced": "a broker is fenced",
}
"""What a run can be stopped at. A broken invariant always stops it."""
LAG = re.compile(r"lag(?: (?P<group>[^\s>]+))? ?> ?(?P<records>[0-9]{1,12})")
INTERNAL = "__"
BREAKPOINTS_MAX = 50


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """`group` (all of them if empty) and `records` only for lag."""

    kind: str
    group: str = ""
    records: int = 0

    def __str__(self) -> str:
        if self.kind != "lag":
            return self.kind
        return f"lag {self.group} > {self.records}" if self.group else f"lag > {self.records}"


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the run stopped, where to look, and the event: the run stands just after it."""

    breakpoint: Breakpoint
    event_number: int
    time: Micros
    kind: str
    name: str
    text: str


def breakpoint_from(text: str) -> Breakpoint:
    """The inverse of `str`. Raises Refused."""
    told = text.strip()
    found = LAG.fullmatch(told)
    if found is not None:
        return Breakpoint("lag", found["group"] or "", int(found["records"]))
    known = [kind for kind in KINDS if kind != "lag"]
    wanted(told in known, f"wanted one of {', '.join(known)}, lag > 100, lag GROUP > 100", shown(text))
    return Breakpoint(told)


def breakpoints_from(texts: Iterable[str], where: str) -> tuple[Breakpoint, ...]:
    """Several, each once. Raises Refused with the place."""
    try:
        found = tuple(dict.fromkeys(breakpoint_from(text) for text in texts))
    except Refused as wrong:
        raise Refused(f"{where}: {wrong}") from None
    wanted(len(found) <= BREAKPOINTS_MAX, f"{where}: wanted at most {BREAKPOINTS_MAX}", len(found))
    return found


class Breakpoints(Observer):
    """Those that are set, on whatever world the timeline is at."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.chosen: tuple[Breakpoint, ...] = ()
        self.hit: Stop | None = None
        self.armed = False
        self.lost = 0
        self.above: dict[tuple[str, Breakpoint], None] = {}
        self.lags = _Lags(self)
        timeline.greet(self._attend)

    def choose(self, chosen: tuple[Breakpoint, ...]) -> None:
        """Set these and no others."""
        self._leave(self.timeline.world)
        self.chosen = chosen
        self._attend(self.timeline.world)

    def arm(self) -> Callable[[World], bool] | None:
        """From now on a hit counts. What to ask after each event, or None while nothing is set."""
        self.hit = None
        self.armed = bool(self.chosen)
        return self._was_hit if self.chosen else None

    def disarm(self) -> Stop | None:
        """Going somewhere is no run: a hit does not count. The one that did."""
        self.armed = False
        return self.hit

    def _was_hit(self, world: World) -> bool:
        return self.hit is not None

    # --- listening --------------------------------------------------------------------------------

    def _guests(self) -> tuple[Observer, ...]:
        kinds = {one.kind for one in self.chosen}
        rare: tuple[Observer, ...] = (self,) if kinds - {"lag"} else ()
        return (*rare, self.lags) if "lag" in kinds else rare

    def _attend(self, world: World) -> None:
        """Listen to a world, and see what holds there already."""
        if not self.chosen:
            return
        assert isinstance(world.witness, Watch)
        self.lost = ledger_of(world).lost()
        self.above = {}
        for group in ledger_of(world).groups:
            self.look_at_lag(world, group)
        for guest in self._guests():
            world.witness.invite(guest)

    def _leave(self, world: World) -> None:
        assert isinstance(world.witness, Watch)
        for guest in self._guests():
            world.witness.dismiss(guest)

    def _hit(self, world: World, kind: str, place: tuple[str, str], text: str) -> None:
        found = next((one for one in self.chosen if one.kind == kind), None)
        if found is not None:
            self._stop(world, found, place, text)

    def _stop(self, world: World, found: Breakpoint, place: tuple[str, str], text: str) -> None:
        """The first thing of an event is what is told."""
        if self.armed and self.hit is None:
            self.hit = Stop(found, world.event_number, world.now, *place, text)

    # --- what happens -----------------------------------------------------------------------------

    @hears(facts.PartitionChanged)
    def _partition(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        name = str(fact.partition)
        if name.startswith(INTERNAL) or fact.reason == "created":
            return
        if len(fact.in_sync_replicas) < len(fact.previous_isr):
            least = self._min_isr(world, fact)
            if len(fact.in_sync_replicas) < least <= len(fact.previous_isr):
                count = len(fact.in_sync_replicas)
                text = f"{name} has {count} in sync, and min.insync.replicas is {least}: acks=all is refused"
                self._hit(world, "min-isr", ("partition", name), text)
        if fact.leader_id != fact.previous_leader_id:
            leader = f"{broker_name(fact.leader_id)} leads {name}" if fact.leader_id >= 0 else f"nobody leads {name}"
            self._hit(world, "leader", ("partition", name), leader)

    def _min_isr(self, world: World, fact: facts.PartitionChanged) -> int:
        """As the leader reckons it; without one, by the topic's setting."""
        image = image_of(world)
        state = image.partition(fact.partition)
        replica = leading_replica(world, state) if state is not None else None
        if replica is not None:
            return replica.min_isr
        topic = image.topics.get(fact.partition.topic)
        setting = topic_settings(world, topic.name).min_insync_replicas if topic is not None else 1
        return min(setting, len(fact.replicas))

    @hears(facts.BrokerFenced)
    def _fenced(self, world: World, node: NodeId, fact: facts.BrokerFenced) -> None:
        name = broker_name(fact.broker_id)
        self._hit(world, "fenced", ("broker", name), f"{name} is fenced: {fact.reason}")

    @hears(facts.GroupStateChanged)
    def _group(self, world: World, node: NodeId, fact: facts.GroupStateChanged) -> None:
        if fact.state == "PreparingRebalance":
            self._hit(world, "rebalance", ("group", fact.group_id), f"{fact.group_id} rebalances: {fact.reason}")

    @hears(facts.BecameLeader, facts.RecordsAcked)
    def _loss(self, world: World, node: NodeId, fact: facts.BecameLeader | facts.RecordsAcked) -> None:
        """Heard after the ledger has drawn its conclusion from the same fact."""
        lost = ledger_of(world).lost()
        if lost > self.lost:
            count = lost - self.lost
            records = "record is" if count == 1 else "records are"
            text = f"{count} acknowledged {records} lost in {fact.partition}"
            self._hit(world, "loss", ("partition", str(fact.partition)), text)
        self.lost = lost

    def look_at_lag(self, world: World, group: str) -> None:
        """Whether a group has crossed a limit."""
        behind = int(lag(world, group))
        for one in self.chosen:
            if one.kind != "lag" or one.group not in ("", group):
                continue
            if behind <= one.records:
                self.above.pop((group, one), None)
            elif (group, one) not in self.above:
                self.above[group, one] = None
                self._stop(world, one, ("group", group), f"{group} is {behind} records behind, more than {one.records}")


class _Lags(Observer):
    """Hears what changes a lag, which happens often: invited only where a lag is watched."""

    def __init__(self, breakpoints: Breakpoints) -> None:
        self.breakpoints = breakpoints

    @hears(facts.HighWatermarkMoved)
    def _grown(self, world: World, node: NodeId, fact: facts.HighWatermarkMoved) -> None:
        for group, history in ledger_of(world).groups.items():
            if fact.partition in history.partitions:
                self.breakpoints.look_at_lag(world, group)

    @hears(facts.OffsetsCommitted)
    def _committed(self, world: World, node: NodeId, fact: facts.OffsetsCommitted) -> None:
        self.breakpoints.look_at_lag(world, fact.group_id)
