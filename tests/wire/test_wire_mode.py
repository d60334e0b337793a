"""Simulated clients and real ones share one path, and messages are never changed once they are sent: a world in which
every message becomes bytes on its way, and is made again from them, is the same world.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

import lab
from lab.cluster.fuzzing import fuzz
from lab.cluster.fuzzing.swarm import plan
from lab.cluster.lookup.parts import ledger_of
from lab.cluster.session.session import Session
from lab.env import Address, Env
from lab.kafka.broker.context import HANDLERS
from lab.kafka.protocol.apis import APIS
from lab.kafka.protocol.codec import decode, encode
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.groups import (
    DESCRIBE_GROUPS,
    DescribedGroup,
    DescribeGroupsResponse,
    HeartbeatRequest,
)
from lab.kafka.protocol.messages.offsets import CommittedOffset, OffsetCommitRequest
from lab.kafka.protocol.messages.producer_ids import (
    INIT_PRODUCER_ID,
    AllocateProducerIdsRequest,
    InitProducerIdResponse,
)
from lab.kafka.protocol.schema import Message
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.network_client import NetworkClient
from lab.lessons.catalogue import find_lesson
from lab.lessons.learner import Learner
from lab.lessons.runner import LessonRunner
from lab.resources import scenarios_folder
from lab.world.world import World, WorldStopped
from tests.story import Story, orders
from tests.wire.between_servers import ALLOCATE_PRODUCER_IDS, SERVER_APIS
from tests.wire.rounds import rounds
from tests.wire.saying import BESIDE, NO_WIRE
from tests.wire.values import difference, value_digest
from tests.wire.wire_mode import PICKLED, Sample, WireMode, wire_mode

pytestmark = pytest.mark.xdist_group("wire")

SCENARIOS = tuple(file.stem for file in sorted(scenarios_folder().glob("*.md")))
OFTEN = {"36-a-transaction"}
SEEDS = (13, 19)
"""With what the rounds have not: followers that are cut off, disks that fill up, clients that freeze."""


# --- runs -----------------------------------------------------------------------------------------


def played(name: str) -> World:
    """A scenario, as its model solution plays it."""
    lesson = find_lesson(name)
    runner = LessonRunner(lesson, Session(lesson.spec, lesson.title, lesson.name))
    Learner(runner, "solution").play()
    assert runner.problems() == []
    return runner.session.world


def fuzzed(seed: int) -> World:
    """A seed, its faults, and the rest that it comes to."""
    run = fuzz.Run(plan(seed))
    assert run.failure() is None
    return run.timeline.world


@dataclass(frozen=True, slots=True)
class Both:
    """A run in messages and the same in bytes."""

    plain: World
    wired: World
    wire: WireMode


def both(tell: Callable[[], World]) -> Both:
    plain = tell()
    with wire_mode() as wire:
        wired = tell()
    return Both(plain, wired, wire)


@cache
def both_rounds() -> Both:
    return both(rounds)


def runs() -> list[Any]:
    tales = {name: (partial(played, name), name in OFTEN) for name in SCENARIOS}
    tales |= {f"seed {seed}": (partial(fuzzed, seed), seed in SEEDS) for seed in range(1, 21)}
    return [
        pytest.param(both_rounds, id="rounds"),
        *(
            pytest.param(partial(both, tell), id=name, marks=() if often else pytest.mark.slow)
            for name, (tell, often) in tales.items()
        ),
    ]


@pytest.mark.parametrize("run", runs())
def test_a_world_whose_messages_are_bytes_on_their_way_is_the_same_world(run: Callable[[], Both]):
    found = run()
    assert found.wire.travelled.total() > 400
    assert found.plain.event_number == found.wired.event_number
    assert value_digest(ledger_of(found.plain)) == value_digest(ledger_of(found.wired))
    assert value_digest(found.plain) == value_digest(found.wired)


# --- what travels ---------------------------------------------------------------------------------


def requests_made() -> set[str]:
    """The requests that are made anywhere in the engine, by its clients, by its servers, and in actions of operators.
    What naming makes is a real client's request once more.
    """
    folder = Path(lab.__file__).parent
    files = [*(folder / "kafka").rglob("*.py"), *(folder / "cluster").rglob("*.py")]
    return {
        node.func.id
        for file in files
        if file.parent.name != "messages" and file.name != "naming.py" and "Request(" in file.read_text()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Request")
    } - {"Request", "InFlightRequest"}  # what carries one, and what waits for its answer


def test_every_request_that_simulated_nodes_make_has_travelled():
    made = requests_made()
    assert {"ProduceRequest", "VoteRequest", "OffsetDeleteRequest", "WriteShareGroupStateRequest"} <= made
    assert made - {kind.__name__ for kind, _ in both_rounds().wire.travelled} == set()


def test_what_has_no_wire_is_known_and_is_said():
    assert {kind for kind, version in both_rounds().wire.travelled if version == PICKLED} == set(NO_WIRE)


def test_what_is_said_beside_the_wire_is_said():
    """Without its place on the list each would have been missed: no version brings it."""
    told = (
        (ALLOCATE_PRODUCER_IDS.request(0), 0, AllocateProducerIdsRequest(1, 5, least=7)),
        (INIT_PRODUCER_ID.response(5), 5, InitProducerIdResponse(ErrorCode.NONE, 1, 0, transaction_version=2)),
        (
            DESCRIBE_GROUPS.response(6), 6,
            DescribeGroupsResponse((DescribedGroup(ErrorCode.NONE, "pay", "Stable", "consumer", "range", 3, ()),)),
        ),
    )  # fmt: skip
    lost = [
        difference(body, decode(schema, version, b"".join(encode(schema, version, body))), "")
        for schema, version, body in told
    ]
    assert lost == [
        ".least: 7, then 0",
        ".transaction_version: 2, then 1",
        ".groups[0].generation_id: 3, then -1",
    ]
    assert sorted(name for _, name in BESIDE) == ["generation_id", "least", "transaction_version"]


def test_all_is_said_in_the_newest_version_but_what_means_something_else_there():
    """Transactions of before KIP-890, whose newer versions mean its second part; and a stand-in, which has its own."""
    said: dict[str, set[int]] = {}
    for kind, version in both_rounds().wire.travelled:
        said.setdefault(kind.__name__, set()).add(version)
    newest = {
        request.kind.__name__: api.versions.last for api in (*SERVER_APIS, *APIS.values()) for request in api.requests
    }
    older = {name: found for name, found in said.items() if name in newest and found != {newest[name]}}
    assert older == {
        "ProduceRequest": {9, 11},
        "FetchRequest": {12, 17},
        "EndTxnRequest": {4},
        "TxnOffsetCommitRequest": {4},
        "AddPartitionsToTxnRequest": {3, 5},
        "ApiVersionsRequest": {3},
    }


def schemas(sample: Sample) -> list[tuple[int, Message]]:
    """The versions in which it can be tried to say the same."""
    api = sample.spoken.api
    by_id = api.by_topic_id.has(sample.spoken.version)
    versions = [one for one in range(api.versions.first, api.versions.last + 1) if api.by_topic_id.has(one) == by_id]
    both = [(version, half(version)) for half in (api.request, api.response) for version in versions]
    return [(version, schema) for version, schema in both if schema.kind is type(sample.said)]


def test_what_an_older_version_says_wholly_all_newer_ones_do_up_to_that_which_was_chosen():
    tried = 0
    for samples in both_rounds().wire.samples.values():
        for sample in samples:
            whole: list[int] = []
            for version, schema in schemas(sample):
                data = b"".join(encode(schema, version, sample.said))
                again = decode(schema, version, data)
                assert b"".join(encode(schema, version, again)) == data
                tried += 1
                if not difference(sample.said, again, ""):
                    whole.append(version)
            assert whole == list(range(whole[0], whole[-1] + 1)) if whole else True, sample
    assert tried > 1_000


def test_what_servers_say_to_each_other_is_kafkas_byte_for_byte():
    from kio.index import load_request_schema, load_response_schema

    from tests.kafka.protocol.test_wire_against_kio import as_kio_writes_it

    checked: set[int] = set()
    for sample in [one for samples in both_rounds().wire.samples.values() for one in samples]:
        api, version = sample.spoken.api, sample.spoken.version
        if api in SERVER_APIS:
            asks = any(one.kind is type(sample.said) for one in api.requests)
            schema = api.request(version) if asks else api.response(version)
            load = load_request_schema if asks else load_response_schema
            data = b"".join(encode(schema, version, sample.said))
            assert as_kio_writes_it(load(api.key, version), data) == data
            checked.add(api.key)
    assert checked == {one.key for one in SERVER_APIS}


# --- what is found --------------------------------------------------------------------------------


def pay() -> World:
    """Two members of a group, for a while."""
    story = Story(topics=orders(2), brokers=3)
    story.producer("web", rate=5)
    story.consumer("ann")
    story.consumer("bob")
    story.run(14)
    return story.world


def changing_heartbeats(patch: pytest.MonkeyPatch) -> None:
    """A client that goes on using the message it has sent."""
    send = NetworkClient.send

    def send_and_change(self: NetworkClient, env: Env, target: Address, body: Any, *more: Any) -> None:
        send(self, env, target, body, *more)
        if isinstance(body, HeartbeatRequest):
            body.generation_id += 1

    patch.setattr(NetworkClient, "send", send_and_change)


def test_a_message_that_its_sender_changes_is_found(monkeypatch: pytest.MonkeyPatch):
    changing_heartbeats(monkeypatch)
    with pytest.raises((AssertionError, WorldStopped), match=r"changed by its sender: HeartbeatRequest\.generation_id"):
        both(pay)


def test_and_without_the_wire_its_receiver_would_have_got_what_was_never_sent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(WireMode, "check", lambda self: None)
    assert value_digest((before := both(pay)).plain) == value_digest(before.wired)
    changing_heartbeats(monkeypatch)
    after = both(pay)
    assert value_digest(before.wired) == value_digest(after.wired) != value_digest(after.plain)


def test_a_message_that_its_receiver_changes_is_found(monkeypatch: pytest.MonkeyPatch):
    handle = HANDLERS[OffsetCommitRequest]

    def handle_and_change(broker: Any, request: Any, context: Any) -> object:
        answer = handle(broker, request, context)
        request.offsets[TopicPartition("orders", 9)] = CommittedOffset(0)
        return answer

    monkeypatch.setitem(HANDLERS, OffsetCommitRequest, handle_and_change)
    with pytest.raises((AssertionError, WorldStopped), match="changed by who got it: keys of OffsetCommitRequest"):
        both(pay)


def test_what_no_version_can_say_is_found():
    """Partitions of two topics in turns: the bytes of a commit are sorted by topic."""
    turns = {TopicPartition(topic, index): CommittedOffset(1) for index in (0, 1) for topic in ("orders", "audit")}
    with wire_mode():
        story = Story(topics=orders(2))
        with pytest.raises(WorldStopped, match=r"Lost: v10: keys of OffsetCommitRequest\.offsets\[1\]"):
            story.ask("broker-1", OffsetCommitRequest("pay", -1, "", turns))
