"""To look at a world changes nothing of it: not a probe, not a word of a lesson, not the ledger."""

import contextlib
from itertools import product

import pytest

from lab.cluster.build import build
from lab.cluster.probes import Inspect
from lab.cluster.probes.flights import InFlight
from lab.cluster.probes.lens import PartitionLens
from lab.cluster.probes.offset_lookup import OffsetLookup
from lab.cluster.probes.probe import Probe
from lab.cluster.probes.records import Records
from lab.cluster.probes.segments import Segments
from lab.cluster.probes.topology import Cluster
from lab.cluster.probes.transactions import PartitionTransactions
from lab.cluster.probes.truth import Health, Truth
from lab.cluster.refused import Refused
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.cluster.words import WORDS
from lab.env import seconds
from lab.world.digest import digest
from lab.world.world import World

THINGS = {
    "partition": "orders-0", "broker": "broker-1", "controller": "controller-1", "producer": "shop",
    "consumer": "pay-1", "group": "pay", "cluster": "",
}  # fmt: skip
PROBES: tuple[Probe[object], ...] = (
    Cluster(), Truth(), Health(), InFlight(linger=100_000), PartitionLens("orders-0"), PartitionLens("quiet-0"),
    Records("quiet-0", "broker-1", 0, 10), Segments("quiet-0", "broker-1"), OffsetLookup("quiet-0", "broker-1", 0),
    PartitionTransactions("quiet-0", 0, 10), *(Inspect(kind, name) for kind, name in THINGS.items()),
)  # fmt: skip
ARGUMENTS = (*THINGS.values(), "quiet-0", 0, 1)
OF_OTHERS = {
    "audit_percent", "shares_producer", "audited", "turned_away", "producers_made", "requests_sent", "latency_us",
    "setting", "share_start", "share_end", "has_done", "parts_at",
}  # fmt: skip
"""Words of things that are not in this cluster, or that want to be asked otherwise."""


@pytest.fixture(scope="module", params=[0, 20])
def world(request: pytest.FixtureRequest) -> World:
    """One that has only begun, and one in which `quiet` still has no record, though a group is given its partition."""
    spec = ClusterSpec(
        topics=(TopicSpec("orders", 1, 3), TopicSpec("quiet", 1, 3)),
        producers=(ProducerSpec("shop", "orders", 10),),
        consumers=(ConsumerSpec("pay-1", "pay", ("orders", "quiet")),),
    )
    found = build(spec)
    found.run_until(seconds(request.param))
    return found


def test_no_probe_changes_anything(world: World):
    before = digest(world)
    for probe in PROBES:
        probe(world)
        assert digest(world) == before, probe


def test_no_word_of_a_lesson_changes_anything(world: World):
    before = digest(world)
    answered = [name for name in WORDS if asked(world, name)]
    assert set(WORDS) - set(answered) == OF_OTHERS
    if digest(world) != before:
        pytest.fail(f"one of {answered} has changed something")


def asked(world: World, name: str) -> int:
    """How many answers a word gave to whatever can be asked with two things."""
    least, most = WORDS[name].arguments
    answers = 0
    for count in range(least, min(most, 2) + 1):
        for arguments in product(ARGUMENTS, repeat=count):
            # What a thing is not is refused; that changes nothing either.
            with contextlib.suppress(Refused, ValueError, TypeError, KeyError, AssertionError):
                WORDS[name](world, *arguments)
                answers += 1
    return answers
