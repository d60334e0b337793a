"""A broker that is killed, and what the others say meanwhile; and when it is back."""

import time
from collections.abc import Sequence
from typing import Any

from tests.live.witness.batches import batch, values
from tests.live.witness.script.groups import GROUP
from tests.live.witness.script.records import LATEST, asked, sent
from tests.live.witness.script.several import BROKERS, fill, make, partition, placed, topic, wait_until
from tests.live.witness.talk import Talk

LIVING = (1, 2)
DEAD = 3


def failing(talk: Talk) -> None:
    led, alone, strict, moved, back, half, twice = (
        talk.name(one)
        for one in ("led-by-dead", "alone", "strict", "moved-to-dead", "moved-back", "half-dead", "moved-twice")
    )
    ids = {
        led: make(talk, led, (3, 1, 2)), alone: make(talk, alone, (3,)), moved: make(talk, moved, (1, 2)),
        back: make(talk, back, (1, 2)), half: make(talk, half, (1, 3)),
        twice: make(talk, twice, (1,)),
        strict: make(talk, strict, (1, 2, 3), min_insync_replicas="3"),
    }  # fmt: skip
    for name, leader in ((led, 3), (alone, 3), (strict, 1), (moved, 1)):
        fill(talk, name, leader, "one", "two")
    talk.cluster.crash(DEAD)
    _wait_for_brokers(talk, LIVING)
    wait_until(lambda: len(partition(talk, strict)["isr_nodes"]) == len(LIVING))
    time.sleep(2)  # a broker of Kafka tells of what it has heard before it has acted on it
    ends = [{"partition_index": 0, "timestamp": LATEST}]
    talk.settled("list_offsets", "", replica_id=-1, topics=[{"name": led, "partitions": ends}])
    for name in ids:
        talk.ask("metadata", f"one of three is dead: {_bare(name)}", topics=[{"name": name}],
                 allow_auto_topic_creation=False)  # fmt: skip
        talk.ask("describe_topic_partitions", f"one of three is dead: {_bare(name)}", topics=[{"name": name}],
                 response_partition_limit=10)  # fmt: skip
    talk.ask("describe_cluster", "one of three is dead", endpoint_type=1)
    if not talk.lowest:
        talk.ask("describe_cluster", "one of three is dead, with those that are fenced", endpoint_type=1,
                 include_fenced_brokers=True)  # fmt: skip
    _records(talk, led, alone, strict, ids)
    _elections(talk, led, alone)
    _topics(talk)
    _moving(talk, moved)
    _moving_back(talk, back)
    _moving_what_is_half_dead(talk, half)
    _moving_twice(talk, twice)
    for number in range(4):
        group = talk.name(f"group-{number}")
        talk.settled("find_coordinator", f"one of three is dead: {_bare(group)}", key=group, key_type=GROUP,
                     coordinator_keys=[group])  # fmt: skip
    talk.cluster.start(DEAD)
    _wait_for_brokers(talk, BROKERS)
    for name in (led, strict):
        wait_until(lambda name=name: len(partition(talk, name)["isr_nodes"]) == len(BROKERS))
    wait_until(lambda: not talk.quietly("list_partition_reassignments", topics=None, timeout=5_000)["topics"])
    for name in ids:
        for at in BROKERS:
            wait_until(lambda name=name, at=at: _whole(talk, name) and topic(talk, name) == topic(talk, name, at))
        talk.ask("metadata", f"the dead one is back: {_bare(name)}", topics=[{"name": name}],
                 allow_auto_topic_creation=False)  # fmt: skip
    named = [{"topic": led, "partitions": [0]}]
    talk.ask("elect_leaders", "the dead one is back, and preferred", topic_partitions=named, election_type=0,
             timeout=5_000)  # fmt: skip
    wait_until(lambda: all(partition(talk, led, at=at)["leader_id"] == DEAD for at in BROKERS))
    talk.ask("metadata", "the dead one leads again", topics=[{"name": led}], allow_auto_topic_creation=False)
    talk.settled("fetch", "of the one that was dead", at=DEAD, **asked(led, ids[led], 0))


def _whole(talk: Talk, name: str) -> bool:
    found = partition(talk, name)
    return sorted(found["isr_nodes"]) == sorted(found["replica_nodes"])


def _bare(name: str) -> str:
    return name.rpartition("-")[0]


def _wait_for_brokers(talk: Talk, wanted: Sequence[int]) -> None:
    for at in wanted:
        wait_until(lambda at=at: len(talk.quietly("describe_cluster", at=at).get("brokers", ())) == len(wanted))


def _records(talk: Talk, led: str, alone: str, strict: str, ids: dict[str, str]) -> None:
    data = batch(values("three"), talk.now_ms)
    talk.ask("produce", "one of three is dead, acks all", **sent(led, data))
    talk.ask("produce", "one of three is dead, acks all, three wanted", **sent(strict, data))
    talk.ask("produce", "one of three is dead, acks 1, three wanted", **sent(strict, data, acks=1))
    talk.ask("produce", "to a partition without a leader", **sent(alone, data))
    for case, name in (("of a leader that took over", led), ("of a partition without a leader", alone)):
        talk.ask("fetch", case, **asked(name, ids[name], 0))
        ends = [{"partition_index": 0, "timestamp": LATEST}]
        talk.ask("list_offsets", case, replica_id=-1, topics=[{"name": name, "partitions": ends}], timeout=5_000)
        inner = {"partition": 0, "current_leader_epoch": -1, "leader_epoch": 0}
        talk.ask("offset_for_leader_epoch", case, replica_id=-1, topics=[{"topic": name, "partitions": [inner]}])
        inner = {"partition_index": 0, "offset": 1}
        talk.ask("delete_records", case, topics=[{"name": name, "partitions": [inner]}], timeout=2_000)
        talk.ask("describe_producers", case, topics=[{"name": name, "partition_indexes": [0]}])
        if not talk.lowest:
            talk.ask("fetch", f"{case}, with the epoch before", **asked(name, ids[name], 0, current_leader_epoch=0))
    talk.ask("fetch", "one of three is dead, three wanted", **asked(strict, ids[strict], 0))


def _elections(talk: Talk, led: str, alone: str) -> None:
    for case, kind, name in (
        ("preferred, which is dead", 0, led),
        ("preferred, which is dead and alone", 0, alone),
        ("unclean, where nobody lives", 1, alone),
        ("unclean, where one has taken over", 1, led),
    ):
        named = [{"topic": name, "partitions": [0]}]
        talk.ask("elect_leaders", case, election_type=kind, topic_partitions=named, timeout=5_000)


def _topics(talk: Talk) -> None:
    def create(case: str, one: dict[str, Any]) -> None:
        talk.ask("create_topics", f"one of three is dead: {case}", topics=[one], timeout=5_000)

    wide = {"name": talk.name("wide"), "num_partitions": 1, "replication_factor": 3}
    create("three replicas", wide)
    create("two replicas", {**wide, "name": talk.name("narrow"), "replication_factor": 2})
    create("placed on the dead one", placed(talk.name("none"), (DEAD,)))
    mixed = talk.name("mixed")
    create("placed on the dead one too", placed(mixed, (DEAD, 1)))
    wait_until(lambda: topic(talk, mixed)["error_code"] == "NONE")
    talk.ask("metadata", "made while one was dead", topics=[{"name": mixed}], allow_auto_topic_creation=False)

    def enlarge(case: str, count: int, *replicas: Sequence[int]) -> None:
        wanted = {"name": mixed, "count": count, "assignments": [{"broker_ids": one} for one in replicas] or None}
        talk.ask("create_partitions", f"one of three is dead: {case}", topics=[wanted], timeout=5_000)

    enlarge("placed on the dead one too", 2, (DEAD, 2))
    enlarge("as it comes", 3)


def _moving(talk: Talk, name: str) -> None:
    """Towards the dead one a reassignment is under way for as long as one likes."""

    def move(case: str, replicas: Sequence[int] | None) -> None:
        _move(talk, name, case, replicas)
        talk.ask("list_partition_reassignments", f"all: {case}", topics=None, timeout=5_000)

    def look(case: str) -> None:
        _looked_at(talk, name, case)

    move("to the dead one", (1, DEAD))
    look("on its way to the dead one")
    other = [{"name": name, "partition_indexes": [7]}, {"name": talk.name("nobody"), "partition_indexes": [0]}]
    talk.ask("list_partition_reassignments", "what is not there", topics=other, timeout=5_000)
    talk.ask("list_partition_reassignments", "none", topics=[], timeout=5_000)
    move("to the dead one, again", (1, DEAD))
    move("to the dead one, in another order", (DEAD, 1))
    move("to the dead one alone", (DEAD,))
    look("on its way to the dead one alone")
    move("stopped", None)
    look("no longer on its way")
    move("stopped again", None)
    move("to the dead one at last", (1, DEAD))


def _move(talk: Talk, name: str, case: str, replicas: Sequence[int] | None) -> None:
    wanted = [{"name": name, "partitions": [{"partition_index": 0, "replicas": replicas}]}]
    talk.ask("alter_partition_reassignments", case, topics=wanted, timeout=5_000)


def _looked_at(talk: Talk, name: str, case: str) -> None:
    one = [{"name": name, "partition_indexes": [0]}]
    talk.ask("list_partition_reassignments", case, topics=one, timeout=5_000)
    wait_until(lambda: partition(talk, name) == partition(talk, name, at=2))
    talk.ask("metadata", case, topics=[{"name": name}], allow_auto_topic_creation=False)


def _moving_back(talk: Talk, name: str) -> None:
    """Who changes his mind, rather than stopping it, has both replicas and targets."""
    _move(talk, name, "out, to the dead one", (1, DEAD))
    time.sleep(1)
    _move(talk, name, "back to where it was", (1, 2))
    time.sleep(1)
    _looked_at(talk, name, "back to where it was")


def _moving_twice(talk: Talk, name: str) -> None:
    """A second target, while the first one is being added."""
    _move(talk, name, "away, to the dead one", (DEAD,))
    time.sleep(1)
    _move(talk, name, "away, to another one too", (2, DEAD))
    wait_until(lambda: 2 in partition(talk, name)["isr_nodes"])
    time.sleep(1)
    _looked_at(talk, name, "away, to another one too")
    _move(talk, name, "away no longer", None)
    time.sleep(1)
    _looked_at(talk, name, "away no longer")


def _moving_what_is_half_dead(talk: Talk, name: str) -> None:
    """One of the targets is alive and new, the other one dead and old."""
    _move(talk, name, "from the living one to another", (2, DEAD))
    wait_until(lambda: 2 in partition(talk, name)["isr_nodes"])
    time.sleep(1)
    _looked_at(talk, name, "from the living one to another")


PARTS = (failing,)
