"""Racks: where replicas are placed, and reading from a replica nearby (KIP-392, spec 2.11, 2.13)."""

from typing import Any

import pytest

from lab.cluster.actions.machines import Crash
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.actions.topics import AddBroker
from lab.cluster.build import image_of, racks_of
from lab.kafka import facts
from lab.kafka.broker.read_replicas import RACK_AWARE
from lab.kafka.controller.placement import place
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import BrokerRegistrationChangeRecord, RegisterBrokerRecord
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from tests.story import ORDERS, Story, batch, orders, settings

NEAR = settings(replica_selector_class=RACK_AWARE)


def image(*racks: str) -> MetadataImage:
    found = MetadataImage()
    for broker_id, rack in enumerate(racks, 1):
        found.replay(RegisterBrokerRecord(broker_id, f"broker-{broker_id}", "once", broker_id, rack))
        found.replay(BrokerRegistrationChangeRecord(broker_id, broker_id, False))
    return found


def three_racks(**config: object) -> Story:
    """orders-0 on brokers 1, 2, 3 in the racks a, b, c; consumers may read from a follower."""
    broker_config = (*NEAR, *settings(**config))
    return Story(topics=orders(), racks=("a", "b", "c"), broker_config=broker_config)


def fetch(story: Story, broker: int, offset: int, *, rack: str | None = "b", epoch: int = 0, wait_ms: int = 0) -> Any:
    """The answer for orders-0; None if there is nothing to say."""
    asked = {ORDERS: FetchPartition(offset, 1 << 20, epoch)}
    return story.ask(f"broker-{broker}", FetchRequest(-1, wait_ms, 1, 1 << 20, asked, rack_id=rack)).responses.get(
        ORDERS
    )


def produced(story: Story, *values: str) -> None:
    story.ask("broker-1", ProduceRequest(-1, 5_000, {ORDERS: batch(*values)}))


@pytest.mark.parametrize(
    ("racks", "wanted"),
    [
        (("a", "a", "b", "b", "c", "c"), 3),
        (("a", "a", "a", "b"), 2),
        (("a", "b", "c"), 3),
    ],
)
def test_spec_02_11_replicas_are_spread_over_racks(racks: tuple[str, ...], wanted: int):
    known = image(*racks)
    for index in range(12):
        replicas = place(known, index, 3)
        assert len(dict.fromkeys(replicas)) == 3
        assert len({known.racks[one] for one in replicas}) == wanted
    firsts = [place(known, index, 3)[0] for index in range(len(racks))]
    assert sorted(firsts) == list(range(1, len(racks) + 1)), "each broker is the preferred leader of as many"


def test_a_new_broker_goes_to_the_rack_with_the_fewest():
    story = Story(brokers=5, racks=("a", "b", "c"))
    assert racks_of(story.world) == ("a", "b", "c", "a", "b")
    story.act(AddBroker())
    story.run(5)
    assert image_of(story.world).racks[6] == "c"


def test_spec_02_22_a_consumer_is_sent_to_the_replica_in_its_rack_and_reads_there():
    story = three_racks()
    story.producer("web", rate=20)
    story.consumer("app", config=settings(client_rack="b", auto_offset_reset="earliest"))
    story.run(10)
    assert (story.app("app").fetcher.preferred or {})[ORDERS][0] == 2
    story.act(CutLink("app", "broker-1"))
    before = len(story.done())
    story.run(5)
    assert len(story.done()) - before >= 80, "what it reads does not come from the leader"


def test_spec_02_22_the_first_answer_names_the_replica_and_carries_no_records():
    story = three_racks()
    produced(story, "one", "two")
    story.run(1)
    answer = fetch(story, 1, 0, wait_ms=500)
    assert (answer.error_code, answer.preferred_read_replica, answer.records) == (ErrorCode.NONE, 2, ())
    answer = fetch(story, 2, 0)
    assert (answer.preferred_read_replica, sum(one.record_count for one in answer.records)) == (-1, 2)


@pytest.mark.parametrize(("rack", "why"), [("a", "the leader is there"), ("x", "nobody is there"), ("", "no rack")])
def test_spec_02_13_else_the_leader_answers(rack: str, why: str):
    story = three_racks()
    produced(story, "one")
    story.run(1)
    answer = fetch(story, 1, 0, rack=rack)
    assert (answer.preferred_read_replica, len(answer.records)) == (-1, 1), why


def test_spec_02_13_a_follower_out_of_sync_is_not_recommended():
    story = three_racks(replica_lag_time_max_ms=2_000)
    produced(story, "one")
    story.act(CutLink("broker-2", "broker-1"))
    produced(story, "two")
    story.until(lambda: 2 not in story.state().isr)
    story.run(1)
    assert fetch(story, 1, 0).preferred_read_replica == -1


def test_spec_02_13_a_follower_serves_up_to_its_own_high_watermark():
    story = three_racks()
    produced(story, "one")
    story.run(1)
    story.act(CutLink("broker-1", "broker-2", one_way=True))
    story.act(CutLink("broker-3", "broker-1"))
    story.send("broker-1", ProduceRequest(-1, 5_000, {ORDERS: batch("two")}))
    story.run(1)
    story.act(HealLink("broker-1", "broker-2"))
    story.until(lambda: story.replica(2).log.log_end_offset == 2)
    assert story.replica(2).log.high_watermark == 1
    assert sum(one.record_count for one in fetch(story, 2, 0).records) == 1
    assert fetch(story, 2, 1).records == (), "it has the record, and says nothing of it"
    assert fetch(story, 2, 9).error_code is ErrorCode.OFFSET_OUT_OF_RANGE
    assert fetch(story, 2, 0, epoch=5).error_code is ErrorCode.UNKNOWN_LEADER_EPOCH
    assert fetch(story, 2, 0, rack="").error_code is ErrorCode.NONE, "whoever knows of KIP-392 may read here"
    assert fetch(story, 2, 0, rack=None).error_code is ErrorCode.NOT_LEADER_OR_FOLLOWER, "an older client"


def test_spec_02_13_a_consumer_whose_replica_dies_goes_back_to_the_leader():
    story = three_racks()
    story.producer("web", rate=20, config=(("acks", "1"),))
    story.consumer("app", config=settings(client_rack="b", auto_offset_reset="earliest"))
    story.run(8)
    story.act(Crash("broker-2"))
    story.run(15)
    before = len(story.done())
    story.run(5)
    assert len(story.done()) - before >= 80
    assert not [one for one in story.told(facts.PositionReset) if one.reason == "out of range"]
    assert story.done() == list(range(len(story.done())))
