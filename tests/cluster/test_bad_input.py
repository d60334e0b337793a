"""Specs, session files and actions that are wrong: one sentence each, and a running session does not notice."""

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from lab.cluster.actions import action_from
from lab.cluster.build import build
from lab.cluster.refused import Refused
from lab.cluster.session import saved as saved_module
from lab.cluster.session.saved import VERSION, SavedSession, session_from, to_data
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, DataSpec, ProducerSpec, TopicSpec
from lab.world.digest import digest

SECOND = 1_000_000
SPEC = ClusterSpec(
    seed=3, brokers=2, topics=(TopicSpec("orders", 2, 2),), producers=(ProducerSpec("web", "orders"),),
    consumers=(ConsumerSpec("pay-1", "pay", ("orders",)),),
)  # fmt: skip


def sentence(refused: pytest.ExceptionInfo[Refused]) -> str:
    """What was said: one line, short, in the form `wanted …, found …`."""
    said = str(refused.value)
    assert "\n" not in said
    assert len(said) < 800
    assert "wanted" in said
    assert "found" in said
    return said


# --- specs ----------------------------------------------------------------------------------------


def topic(**fields: Any) -> dict[str, Any]:
    return {"topics": (dataclasses.replace(SPEC.topics[0], **fields),)}


def producer(**fields: Any) -> dict[str, Any]:
    return {"producers": (dataclasses.replace(SPEC.producers[0], **fields),)}


def consumer(**fields: Any) -> dict[str, Any]:
    return {"consumers": (dataclasses.replace(SPEC.consumers[0], **fields),)}


WRONG_SPECS: list[tuple[dict[str, Any], str]] = [
    ({"brokers": -1}, "wanted 0 to 200 brokers, found -1"),
    ({"brokers": 10**9}, "wanted 0 to 200 brokers, found 1000000000"),
    ({"seed": -1}, "wanted a seed of 0 or more, found -1"),
    ({"link_extra_us": -5}, "found -5"),
    ({"disk_capacity_bytes": 0}, "wanted disk capacity bytes of 1 or more, found 0"),
    ({"broker_config": (("num.partitions", "many"),)}, "the brokers' config: num.partitions: wanted a whole number"),
    (topic(partitions=10**9), "wanted at most 20,000 partitions in all, found 1,000,000,000"),
    (topic(partitions=0), "orders: wanted at least 1 of partitions, found 0"),
    (topic(partitions=-7), "orders: wanted at least 1 of partitions, found -7"),
    (topic(replicas=3), "orders: wanted 1 to 2 replicas (there are 2 brokers), found 3"),
    (topic(replicas=0), "orders: wanted 1 to 2 replicas (there are 2 brokers), found 0"),
    (topic(name="../../etc/passwd"), "wanted letters, digits, '.', '_' and '-' in a topic name, found '/'"),
    (topic(name=".."), "wanted a topic name, found '..', which is a folder's"),
    (topic(name=""), "wanted a topic name, found none"),
    (topic(name="x" * 250), "wanted a topic name of at most 249 characters, found 250"),
    (topic(name="tab\there"), "found '\\t'"),
    (topic(config=(("retention.ms", "-5"),)), "orders: config: retention.ms: wanted a whole number of at least -1"),
    (topic(config=(("retention", "5"),)), "orders: config: wanted one of the settings cleanup.policy, "),
    (producer(rate=-1), "web: wanted a rate of 0 to 1,000,000 records a second, found -1"),
    (producer(rate=10**9), "web: wanted a rate of 0 to 1,000,000 records a second, found 1000000000"),
    (producer(value_bytes=-1), "web: wanted value bytes of 0 to 100,000,000, found -1"),
    (producer(count=0), "web: wanted a count of 1 or more, found 0"),
    (producer(keys="cycle:0"), "web: keys: wanted 1 to 100,000 keys, found '0'"),
    (producer(keys="zipf:lots"), "web: keys: wanted 1 to 100,000 keys, found 'lots'"),
    (producer(keys="cycle:²"), "web: keys: wanted 1 to 100,000 keys, found '²'"),
    (producer(keys="cycle:" + "9" * 5_000), "web: keys: wanted 1 to 100,000 keys, found '999"),
    (producer(keys=""), "web: keys: wanted none, cycle:N, zipf:N or names joined by commas, found nothing"),
    (producer(name=""), "wanted a name of 1 to 60 characters"),
    (producer(name="../up"), "found '../up'"),
    (producer(name="x" * 5_000), "wanted a name of 1 to 60 characters"),
    (producer(name="broker-1"), "wanted a name that is not a server's, found 'broker-1'"),
    (producer(topic=""), "web: wanted a topic to write to, found none"),
    (producer(config=(("acks", "some"),)), "web: config: acks: wanted one of 0, 1, all, found 'some'"),
    (producer(data=DataSpec("f.csv", rate=-1)), "web: data: wanted a rate of 0 to 1,000,000"),
    (producer(data=DataSpec("f.csv", pace_percent=0)), "web: data: wanted a pace of 1 percent or more, found 0"),
    (consumer(group=""), "pay-1: wanted a group, found none"),
    (consumer(topics=()), "pay-1: wanted topics to read, found none"),
    (consumer(work_us=-1), "pay-1: wanted work of 0 to 3,600,000,000 microseconds a record, found -1"),
    (consumer(commit="never"), "pay-1: wanted a commit of auto, sync"),
    (consumer(config=(("session.timeout.ms", "1"),)), "pay-1: config: heartbeat.interval.ms: wanted less than"),
    ({"topics": SPEC.topics * 2}, "wanted each topic once, found orders"),
    ({"consumers": (ConsumerSpec("web", "pay", ("orders",)),)}, "wanted each client name once, found web"),
    ({"producers": tuple(ProducerSpec(f"p{at}", "orders") for at in range(501))}, "wanted at most 500 clients"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG_SPECS)
def test_a_wrong_spec_is_refused_before_anything_is_built(changes: dict[str, Any], said: str):
    spec = dataclasses.replace(SPEC, **changes)
    with pytest.raises(Refused) as refused:
        build(spec)
    assert said in sentence(refused)
    saved = json.loads(json.dumps(to_data(SavedSession(VERSION, "", "", spec, (), "main", 0, 0))))
    with pytest.raises(Refused) as from_file:
        session_from(saved)
    assert str(from_file.value) == str(refused.value)


@pytest.mark.parametrize("path", ["../../../etc/passwd", "/etc/passwd", "a\0b", "gone.csv"])
def test_a_data_file_outside_of_the_assets_is_refused(path: str):
    spec = dataclasses.replace(SPEC, **producer(data=DataSpec(path)))
    with pytest.raises(Refused) as refused:
        build(spec)
    assert "wanted a data file in assets/data or beside the scenario" in sentence(refused)


# --- session files --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A short session with a branch, as its file holds it."""
    session = Session(SPEC, "A session")
    session.run_to(2 * SECOND)
    session.post(action_from({"crash": {"node": "broker-2"}}))
    session.run_to(3 * SECOND)
    session.seek(SECOND)
    session.post(action_from({"crash": {"node": "broker-1"}}))
    session.run_to(2 * SECOND)
    path = tmp_path_factory.mktemp("saved") / "session.json"
    session.save(path)
    return json.loads(path.read_text(encoding="utf-8"))


def opened(folder: Path, content: object) -> Session:
    path = folder / "bad.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return Session.open(path)


def refused(folder: Path, content: object) -> str:
    with pytest.raises(Refused) as found:
        opened(folder, content)
    said = sentence(found)
    assert said.startswith("bad.json: ")
    return said.removeprefix("bad.json: ")


def test_what_was_saved_is_opened_where_it_was(tmp_path: Path, saved: dict[str, Any]):
    session = opened(tmp_path, saved)
    assert (session.now, session.event_number) == (saved["now"], saved["event"])
    assert [one.name for one in session.timeline.branches] == [one["name"] for one in saved["branches"]]
    again = tmp_path / "again.json"
    session.save(again)
    assert json.loads(again.read_text(encoding="utf-8")) == saved


@pytest.mark.parametrize("version", [2, 99, 0, -1, "1", None, 1.5, [1]])
def test_a_session_of_another_version_is_not_tried(tmp_path: Path, saved: dict[str, Any], version: object):
    said = refused(tmp_path, {**saved, "version": version})
    assert said == f"wanted a session of version 1, found {version!r}"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", '"text"', "\0", "[" * 100_000, "{" * 10_000, '{"version": ' + "9" * 5_000 + "}"],
)
def test_what_is_no_json_or_no_session(tmp_path: Path, text: str):
    assert "wanted a session" in refused(tmp_path, text)


def test_bytes_that_are_no_text_are_no_session(tmp_path: Path):
    path = tmp_path / "bad.json"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(Refused) as found:
        Session.open(path)
    assert "wanted a session file" in sentence(found)


def test_a_file_that_is_gone_a_folder_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for path in (tmp_path / "gone.json", tmp_path):
        with pytest.raises(Refused, match="cannot read"):
            Session.open(path)
    monkeypatch.setattr(saved_module, "SESSION_BYTES_MAX", 10)
    assert "wanted at most 10 bytes, found" in refused(tmp_path, {"version": 1})


def changed(data: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy with another value at a place like `spec.topics.0.name`; `...` takes it away."""
    found = copy.deepcopy(data)
    *way, last = [int(one) if one.isdigit() else one for one in path.split(".")]
    inner: Any = found
    for step in way:
        inner = inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return found


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("spec", ..., "spec: wanted a value, found nothing"),
        ("spec", 7, "spec: wanted an object, found 7"),
        ("title", 7, "title: wanted text, found 7"),
        ("branches", {}, "branches: wanted a list, found {}"),
        ("surprise", 1, "the session: wanted only version, title, scenario"),
        ("spec.brokers", "three", "spec.brokers: wanted a whole number, found 'three'"),
        ("spec.brokers", 2.5, "spec.brokers: wanted a whole number, found 2.5"),
        ("spec.brokers", True, "spec.brokers: wanted a whole number, found True"),
        ("spec.brokers", None, "spec.brokers: wanted a whole number, found None"),
        ("spec.brokers", 10**9, "wanted 0 to 200 brokers, found 1000000000"),
        ("spec.topics.0.partitions", 10**9, "wanted at most 20,000 partitions in all, found 1,000,000,000"),
        ("spec.topics.0.replicas", 9, "orders: wanted 1 to 2 replicas (there are 2 brokers), found 9"),
        ("spec.topics.0.name", "../up", "found '/'"),
        ("spec.topics.0.name", ..., "spec.topics[0].name: wanted a value, found nothing"),
        ("spec.topics.0", "orders", "spec.topics[0]: wanted an object, found 'orders'"),
        ("spec.topics.0.colour", "red", "spec.topics[0]: wanted only name, partitions, replicas, config"),
        ("spec.topics.0.config", [["retention.ms"]], "spec.topics[0].config[0]: wanted 2 values"),
        ("spec.topics.0.config", [["retention.ms", 5]], "spec.topics[0].config[0][1]: wanted text, found 5"),
        ("spec.topics.0.config", [["retention.ms", "x"]], "orders: config: retention.ms: wanted a whole number"),
        ("spec.producers.0.rate", -3, "web: wanted a rate of 0 to 1,000,000 records a second, found -3"),
        ("spec.producers.0.rate", "fast", "spec.producers[0].rate: wanted a whole number, found 'fast'"),
        ("spec.producers.0.data", {"path": "../../x"}, "wanted a data file in assets/data or beside the scenario"),
        ("spec.producers.0.data", {"path": 7}, "spec.producers[0].data.path: wanted text, found 7"),
        ("spec.consumers.0.topics", "orders", "spec.consumers[0].topics: wanted a list, found 'orders'"),
        ("spec.consumers.0.topics", "x" * 10_000, "spec.consumers[0].topics: wanted a list, found 'xxx"),
        ("branches", [], "current: wanted one of no branches, found"),
        ("branches.0.name", "other", "branches[0].name: wanted main, found 'other'"),
        ("branches.1.name", "main", "branches[1].name: wanted each branch once, found 'main'"),
        ("branches.1.parent", "nobody", "branches[1].parent: wanted one of ['main'], found 'nobody'"),
        ("branches.0.latest", -1, "branches[0].latest: wanted 0 to 3,600,000,000,000 microseconds, found -1"),
        ("branches.0.latest", 10**18, "branches[0].latest: wanted 0 to 3,600,000,000,000 microseconds, found 1000000"),
        ("branches.1.fork_time", 10**12, "branches[1].fork_time: wanted 0 to 2,000,000, found 1000000000000"),
        ("branches.0.journal", [[1]], "branches[0].journal[0]: wanted 2 values, found [1]"),
        ("branches.0.journal", [["soon", {}]], "branches[0].journal[0][0]: wanted a whole number, found 'soon'"),
        ("branches.0.journal", [[5, {"explode": {}}]], "branches[0].journal[0]: wanted one of the "),
        ("branches.0.journal", [[5, "crash"]], "branches[0].journal[0]: wanted one action like"),
        ("branches.0.journal", [[5, {"crash": {"node": 7}}]], "branches[0].journal[0]: crash.node: wanted text"),
        (
            "branches.0.journal",
            [[5, {"crash": {}}]],
            "crash.node: wanted a value, found nothing",
        ),
        ("branches.0.journal", [[-5, {"crash": {"node": "broker-1"}}]], "branches[0].journal: wanted times of 0"),
        (
            "branches.0.journal",
            [[5, {"crash": {"node": "nobody"}}]],
            "wanted a session that runs again, found KeyErr",
        ),
        ("current", "elsewhere", "current: wanted one of main, "),
        ("now", "late", "now: wanted a whole number, found 'late'"),
    ],
)
def test_a_damaged_session_is_refused_with_the_place(
    tmp_path: Path, saved: dict[str, Any], path: str, value: object, said: str
):
    found = refused(tmp_path, changed(saved, path, value))
    assert said in found


@pytest.mark.parametrize("path", ["now", "event"])
def test_an_instant_beyond_the_end_is_the_end(tmp_path: Path, saved: dict[str, Any], path: str):
    session = opened(tmp_path, changed(saved, path, 10**18))
    assert session.now <= session.latest == 2 * SECOND


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzed")


@given(
    st.sampled_from(["spec", "branches", "spec.topics", "spec.topics.0", "spec.producers.0", "spec.consumers.0",
                     "branches.0", "branches.0.journal", "spec.topics.0.config", "spec.producers.0.data", "title"]),
    json_values,
)  # fmt: skip
@effort(max_examples=60, deadline=None)
def test_any_json_in_any_place_is_a_session_or_refused(saved: dict[str, Any], folder: Path, path: str, value: object):
    try:
        opened(folder, changed(saved, path, value))
    except Refused as wrong:
        said = str(wrong)
        assert "\n" not in said
        assert len(said) < 400


# --- and the session that runs meanwhile ----------------------------------------------------------


def test_a_running_session_does_not_notice(tmp_path: Path, saved: dict[str, Any]):
    running, untouched = Session(SPEC), Session(SPEC)
    running.run_to(SECOND)
    before = digest(running.world), running.revision, running.event_number
    for bad in ("{", {**saved, "version": 2}, changed(saved, "spec.topics.0.partitions", 10**9),
                changed(saved, "branches.0.journal", [[5, {"crash": {"node": "nobody"}}]])):  # fmt: skip
        refused(tmp_path, bad)
    for action in ({"crash": {"node": "nobody"}}, {"change_rate": {"node": "web", "per_second": -1}}):
        with pytest.raises(Refused):
            running.post(action_from(action))
    assert (digest(running.world), running.revision, running.event_number) == before
    running.run_to(3 * SECOND)
    untouched.run_to(3 * SECOND)
    assert digest(running.world) == digest(untouched.world)
