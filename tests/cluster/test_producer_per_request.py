"""A producer per request: what it costs is what its messages cost, what it leaves behind is what the logs remember."""

from pathlib import Path

import pytest

from lab.cluster.actions.audits import DeployAudit
from lab.cluster.actions.heap import GiveHeap
from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.ledger.latencies import latencies_of
from lab.cluster.refused import Refused
from lab.cluster.session.saved import VERSION, SavedSession, session_from, to_data
from lab.cluster.session.session import Session
from lab.cluster.spec import AuditSpec, ClusterSpec, ProducerSpec, TopicSpec
from lab.kafka import facts
from lab.kafka.broker.heap import ALARM_PERCENT, PRODUCER_BYTES, used_bytes
from lab.kafka.clients.producer.auditing_app import MARK, THREADS, AuditingApp
from lab.kafka.log.unified_log import UnifiedLog, read_all
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest
from lab.lessons.format import read_lesson
from lab.lessons.writer import write_scenario
from lab.resources import scenarios_folder
from lab.world.connections import open_links
from tests.story import ORDERS, Story, orders, settings


def serving(percent: int, *, shared: bool = False, rate: int = 50, partitions: int = 1, **spec: object) -> Story:
    story = Story(brokers=3, topics=orders(partitions, min_insync_replicas=2), **spec)
    story.producer("api", rate=rate, audit=AuditSpec(percent, shared), config=settings(linger_ms=0))
    return story


def app(story: Story) -> AuditingApp:
    found = story.world.hosts["api"].node
    assert isinstance(found, AuditingApp)
    return found


def quiet(story: Story) -> None:
    """Let what is out come home, and no more requests in."""
    story.world.hosts["api"].node.rate = 0  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
    story.run(1)


def writers(log: UnifiedLog) -> set[int]:
    return {one.producer_id for one in read_all(log)}


# --- requests -------------------------------------------------------------------------------------


def test_each_audited_request_has_a_producer_with_an_id_of_its_own_and_leaves_no_connection():
    story = serving(100)
    story.run(2)
    quiet(story)
    born = story.ledger.producer("api").born
    ids = [one.producer_id for one in story.told(facts.ProducerIdTaken)]
    assert app(story).producers_made == born + 1, "one is the application's"
    assert len(ids) == len(set(ids)) == born + 1
    assert len(writers(story.replica(1).log)) == born, "each wrote one record"
    assert not [one for one in open_links(story.world) if "request" in one.source]
    assert not app(story).own


def test_a_producer_of_its_own_asks_three_times_for_one_record():
    story = serving(0)
    story.run(2)
    before = app(story).requests_sent, story.ledger.producer("api").born
    story.act(DeployAudit("api", 100))
    story.run(2)
    quiet(story)
    asked, born = app(story).requests_sent - before[0], story.ledger.producer("api").born - before[1]
    retries = sum(one.net.correlation_id for one in app(story).own.values())
    assert 3 * born <= asked <= 3 * born + 10 + retries, "metadata, a producer id, the record; an id block may be empty"


@pytest.mark.parametrize("percent", [0, 1, 10, 33, 100])
def test_the_feature_serves_as_many_percent_as_it_is_rolled_out_to(percent: int):
    story = serving(percent, rate=100)
    story.run(3)
    quiet(story)
    born = story.ledger.producer("api").born
    assert app(story).audited == born * percent // 100
    values = [record.value or b"" for one in read_all(story.replica(1).log) for record in one.records()]
    assert sum(one.startswith(MARK) for one in values) == app(story).audited


def test_the_mended_version_audits_as_many_and_makes_no_producer():
    story = serving(100, shared=True)
    story.run(3)
    quiet(story)
    assert app(story).audited == story.ledger.producer("api").born
    assert app(story).producers_made == 1
    assert len(writers(story.replica(1).log)) == 1


def test_a_record_takes_longer_by_the_way_to_metadata_and_to_an_id():
    story = serving(0)
    story.run(3)
    measured = latencies_of(story.world)
    assert measured is not None
    shared = measured.of("api", story.world.now) or 0
    story.act(DeployAudit("api", 100))
    story.run(3)
    own = measured.of("api", story.world.now) or 0
    assert shared + 1_000 < own < 3 * shared


def test_who_comes_while_all_threads_wait_is_turned_away_without_a_record():
    story = serving(100)
    story.run(2)
    for broker_id in (1, 2, 3):
        story.act(CutLink("api", f"broker-{broker_id}"))
    story.run(3)
    born = story.ledger.producer("api").born
    assert len(app(story).own) == THREADS
    assert app(story).turned_away > 0
    for broker_id in (1, 2, 3):
        story.act(HealLink("api", f"broker-{broker_id}"))
    story.run(2)
    quiet(story)
    truth = story.ledger.producer("api")
    assert truth.born > born
    assert len(truth.acked) == truth.born
    assert not [one for one in open_links(story.world) if "request" in one.source]


def test_a_leader_that_dies_is_outlived_by_the_requests_that_wait_for_it():
    story = serving(100, broker_config=settings(broker_session_timeout_ms=3_000))
    story.run(2)
    story.act(Crash(f"broker-{story.state().leader_id}"))
    story.run(8)
    quiet(story)
    truth = story.ledger.producer("api")
    assert len(truth.acked) == truth.born
    assert story.ledger.lost() == 0


# --- what is left ---------------------------------------------------------------------------------


def test_all_replicas_remember_the_producers_that_have_written_until_they_expire():
    story = serving(
        100, broker_config=settings(producer_id_expiration_ms=20_000, log_retention_check_interval_ms=1_000)
    )
    story.run(4)
    quiet(story)
    for broker_id in (1, 2, 3):
        log = story.replica(broker_id).log
        assert set(log.producers.entries) == writers(log)
        assert used_bytes(story.broker(broker_id).partitions) == len(writers(log)) * PRODUCER_BYTES
    story.run(25)
    for broker_id in (1, 2, 3):
        assert story.replica(broker_id).log.producers.entries == {}


def test_a_heap_that_is_full_ends_every_broker_and_a_restart_fills_it_again():
    story = serving(100, partitions=3, heap_bytes=100 * PRODUCER_BYTES)
    story.until(lambda: len(story.told(facts.HeapExhausted)) == 3)
    alarms = story.told(facts.HeapAlarm)
    assert len(alarms) == 3
    assert all(100 * one.used_bytes >= ALARM_PERCENT * one.capacity_bytes for one in alarms)
    assert [story.world.hosts[f"broker-{at}"].state for at in (1, 2, 3)] == ["down"] * 3
    story.act(DeployAudit("api", 0), Restart("broker-2"))
    story.until(lambda: story.world.hosts["broker-2"].state == "down")
    assert len(story.told(facts.HeapExhausted)) == 4
    for broker_id in (1, 2, 3):
        story.act(GiveHeap(f"broker-{broker_id}", 1_000 * PRODUCER_BYTES), Restart(f"broker-{broker_id}"))
    story.run(15)
    quiet(story)
    truth = story.ledger.producer("api")
    assert len(truth.acked) == truth.born
    assert story.ledger.lost() == 0
    assert len(set(story.ends().values())) == 1


def test_who_asks_a_broker_without_ids_is_told_to_try_again():
    story = serving(0)
    story.run(1)
    block = story.broker(1).producer_ids
    first = story.ask("broker-1", InitProducerIdRequest())
    story.run(1)
    block.next_id = block.end_id
    assert story.ask("broker-1", InitProducerIdRequest()).error_code is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    story.run(1)
    again = story.ask("broker-1", InitProducerIdRequest())
    assert again.error_code is ErrorCode.NONE
    assert again.producer_id > first.producer_id


def test_where_a_heap_is_not_watched_it_has_no_end():
    story = serving(100)
    story.run(3)
    assert story.broker(1).heap is None
    assert GiveHeap("broker-1").refusal(story.world) == "the heap of broker-1 has no end here"


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"audit": AuditSpec(101)}, "api: audit: wanted a percent of 0 to 100, found 101"),
        ({"audit": AuditSpec(1), "load": 10}, "api: wanted an audit without a load, data or transactions, found them"),
        (
            {"audit": AuditSpec(1), "config": settings(enable_idempotence="false")},
            "api: audit: wanted enable.idempotence in its config, found false",
        ),
    ],
)
def test_an_audit_that_cannot_be_is_refused(spec: dict[str, object], said: str):
    with pytest.raises(Refused) as wrong:
        ClusterSpec(producers=(ProducerSpec("api", "orders", **spec),)).checked()  # pyright: ignore[reportArgumentType]
    assert str(wrong.value) == said


def test_only_who_has_the_feature_can_roll_it_out():
    story = serving(0)
    story.producer("shop")
    assert DeployAudit("shop", 1).refusal(story.world) == "shop has no audit feature"
    assert DeployAudit("api", 101).refusal(story.world) == "wanted 0 to 100 percent of the requests, found 101"
    assert DeployAudit("broker-1", 1).refusal(story.world) == "wanted a producer, but broker-1 is the broker"
    assert ORDERS in story.broker(1).partitions


# --- files ----------------------------------------------------------------------------------------


def test_files_keep_the_feature_and_the_heap_as_they_stand(tmp_path: Path):
    whole = ClusterSpec(
        brokers=1, topics=(TopicSpec("orders"),), heap_bytes=12_345,
        producers=(ProducerSpec("api", "orders", 5, audit=AuditSpec(7)),),
    )  # fmt: skip
    saved = SavedSession(VERSION, "Audits", "", whole, (), "main", 0, 0)
    assert session_from(to_data(saved)) == saved
    session = Session(whole, "Audits")
    session.post(DeployAudit("api", 40, shared=True))
    session.run_to(1_000_000)
    write_scenario(session, tmp_path / "audits.md")
    found = read_lesson(tmp_path / "audits.md").spec
    assert found.heap_bytes == 12_345
    assert [one.audit for one in found.producers] == [AuditSpec(40, shared=True)]


@pytest.mark.parametrize(
    ("charts", "said"),
    [
        ('["producer-ids", "lagg", "connections"]', "charts: there is no metric 'lagg'; there are "),
        (
            '["producer-id", "connections", "log-bytes"]',
            "there is no metric 'producer-id'; did you mean 'producer-ids'?",
        ),
        ('["producer-ids"]', "charts: wanted 3 metrics, found 1"),
    ],
)
def test_charts_that_are_not_there_or_have_no_room_are_refused(tmp_path: Path, charts: str, said: str):
    text = (scenarios_folder() / "49-a-producer-per-request.md").read_text(encoding="utf-8")
    wrong = tmp_path / "mine.md"
    kept = [f"charts = {charts}" if line.startswith("charts = ") else line for line in text.splitlines()]
    wrong.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_lesson(wrong)
    assert said in str(refused.value)
    assert str(refused.value).startswith("mine.md, line 8: ")
