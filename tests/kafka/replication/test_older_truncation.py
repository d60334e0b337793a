"""The rules of truncation that Kafka has left behind, each with the story for which it was left, and the one after it.

What is lost or parted by an older rule is excused by the invariants record by record; they listen here too.
"""

from typing import Any

import pytest

from lab.cluster.actions.machines import Crash, PowerOff, Restart, Stop
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.actions.settings import SetBrokerConfig, SetTopicConfig
from lab.cluster.actions.topics import ElectLeader
from lab.cluster.invariants.fates import Fates
from lab.cluster.invariants.older_rules import OlderRules
from lab.cluster.watch import Watch
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import HANDLERS, RequestContext
from lab.kafka.config.truncation import COMMON_EPOCH, FENCED_EPOCH, HIGH_WATERMARK, LAST_EPOCH, RULES
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.metadata import MetadataRequest
from lab.kafka.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Header, Record, RecordBatch
from tests.story import ORDERS, Story, orders, settings

SHOP = (("acks", "all"), ("linger.ms", "200"), ("delivery.timeout.ms", "900000"))


def of(rule: str, replicas: int, **config: Any) -> Story:
    """As many brokers as replicas, all of which follow by one rule."""
    broker_config = settings(replica_truncation_rule=rule, auto_leader_rebalance_enable="false")
    return Story(brokers=replicas, topics=orders(replicas=replicas, **config), broker_config=broker_config)


def put(story: Story, broker: int, *values: str, acks: int = -1) -> int:
    """Records by hand, each with a birth like those of applications."""
    records = [
        Record(0, 1_767_225_600_000, b"k", value.encode(), (Header("birth", f"hand:{ord(value[0])}".encode()),))
        for value in values
    ]
    body = ProduceRequest(acks, 30_000, {ORDERS: RecordBatch.build(records)})
    found = story.ask(f"broker-{broker}", body).responses[ORDERS]
    assert found.error_code is ErrorCode.NONE
    return found.base_offset


def log_of(story: Story, broker: int) -> list[tuple[int, str]]:
    """Epoch and value of each record."""
    log = story.replica(broker).log
    batches = log.read(log.log_start_offset, 1 << 30, log.log_end_offset)
    assert isinstance(batches, tuple)
    return [(one.leader_epoch, (record.value or b"").decode()) for one in batches for record in one.records()]


def leads(story: Story, broker: int) -> bool:
    """Whether it leads, even if it has not opened its logs yet."""
    found = story.broker(broker).partitions.get(ORDERS)
    return found is not None and found.leading


def older(story: Story) -> OlderRules | None:
    watch = story.world.witness
    assert isinstance(watch, Watch)
    return next(one for one in watch.observers if isinstance(one, Fates)).table[ORDERS].older


def excuses(story: Story) -> list[str]:
    found = older(story)
    return found.said if found is not None else []


def is_not(rule: str) -> list[str]:
    return [one for one in RULES if one != rule]


# --- KIP-101 --------------------------------------------------------------------------------------


def leader_after_leader(rule: str) -> Story:
    """Its first scenario. broker-3 does not know yet that the newest records are committed when it has to follow
    broker-2, from which it can copy nothing; and then broker-2 dies.
    """
    story = of(rule, replicas=3, min_insync_replicas=2)
    story.producer("shop", rate=100, config=SHOP)
    story.run(5)
    story.act(CutLink("broker-2", "broker-3"))
    story.run(1)
    story.act(Crash("broker-1"))
    story.elected(2)
    story.run(2)
    story.act(Crash("broker-2"))
    story.elected(3)
    story.run(1)
    return story


def test_before_kip_101_what_acks_all_acknowledged_is_lost_with_two_leaders():
    story = leader_after_leader(HIGH_WATERMARK)
    (cut,) = [one.fact for one in story.heard(facts.Truncated) if one.node == "broker-3"]
    assert cut.offset == cut.high_watermark
    assert story.ledger.lost() == cut.log_end_offset - cut.offset > 0
    assert not list(story.heard(facts.PartitionChanged, reason="unclean"))
    where = f"its own high watermark {cut.offset} of {cut.log_end_offset}"
    assert excuses(story) == [f"broker-3 cut orders-0 at {where}, as Kafka did before KIP-101"]


@pytest.mark.parametrize("rule", is_not(HIGH_WATERMARK))
def test_since_kip_101_the_same_two_deaths_lose_nothing(rule: str):
    story = leader_after_leader(rule)
    assert story.ledger.lost() == 0
    assert excuses(story) == []


def test_the_timeline_says_why_a_log_was_cut_there():
    story = leader_after_leader(HIGH_WATERMARK)
    (text,) = [one.text for one in story.world.moments if one.kind == "truncated"]
    assert text.endswith(": its own high watermark, as Kafka did before KIP-101")


def power_lost(rule: str, written: tuple[str | tuple[str, ...], ...] = ("C", "D", "E")) -> Story:
    """Its second scenario. broker-1 ends with everything on its disk, broker-2 loses what it had in memory, leads all
    the same, and has written on before broker-1 is back.
    """
    story = of(rule, replicas=2)
    for value in "ab":
        put(story, 1, value)
    story.until(lambda: story.replica(2).log.flushed_offset() == 2)
    put(story, 1, "c", "d")
    story.act(Stop("broker-1"))
    story.until(lambda: story.state().isr == (2,))
    story.act(PowerOff(("broker-2",)), Restart("broker-2"))
    story.until(lambda: leads(story, 2))
    for values in written:
        put(story, 2, *values)
    story.act(Restart("broker-1"))
    story.run(15)
    return story


def test_before_kip_101_two_logs_part_when_power_is_lost():
    story = power_lost(HIGH_WATERMARK)
    assert [value for _, value in log_of(story, 1)] == ["a", "b", "c", "d", "E"]
    assert [value for _, value in log_of(story, 2)] == ["a", "b", "C", "D", "E"]
    assert story.state().isr == (2, 1), "and both are in sync"
    assert excuses(story) == ["broker-1 kept what it had of orders-0 from 2 to 4, as Kafka did before KIP-101"]


def test_before_kip_101_the_same_offset_is_another_record_after_the_next_election():
    story = power_lost(HIGH_WATERMARK)
    story.consumer("app", config=(("auto.offset.reset", "earliest"),))
    story.until(lambda: story.polled("app") == [0, 1, 2, 3, 4])
    truth = story.ledger.partition(ORDERS)
    before, since = [truth.birth_at(one) for one in range(5)], truth.time_at(4)
    story.act(Crash("broker-2"))
    story.elected(1)
    after = [truth.birth_at(one) for one in range(5)]
    assert [one for one in range(5) if before[one] != after[one]] == [2, 3]
    assert truth.time_at(4) == since, "behind what has parted both hold the same"
    story.consumer("audit", group="audit", config=(("auto.offset.reset", "earliest"),))
    story.until(lambda: story.polled("audit") == [0, 1, 2, 3, 4])
    known = older(story)
    assert known is not None
    assert known.parted == {"broker-2": (2, 4)}, "now it is the other one that differs from its leader"


def test_before_kip_101_a_follower_could_not_go_on_where_its_leader_has_one_batch_for_both():
    story = power_lost(HIGH_WATERMARK, (("C", "D", "E", "F"),))
    assert [value for _, value in log_of(story, 1)] == ["a", "b", "c", "d"], "offset 4 lies within a batch"
    assert story.state().isr == (2,)


def test_before_kip_101_a_follower_beyond_its_leaders_end_is_cut():
    story = power_lost(HIGH_WATERMARK, ("C",))
    assert story.ends() == {1: (3, 3), 2: (3, 3)}
    assert [value for _, value in log_of(story, 1)] == ["a", "b"], "a batch that reaches over the end goes whole"
    assert [value for _, value in log_of(story, 2)] == ["a", "b", "C"]


@pytest.mark.parametrize("rule", is_not(HIGH_WATERMARK))
def test_since_kip_101_both_logs_are_one_after_a_loss_of_power(rule: str):
    story = power_lost(rule)
    assert log_of(story, 1) == log_of(story, 2)
    assert [value for _, value in log_of(story, 1)] == ["a", "b", "C", "D", "E"]
    assert excuses(story) == []


# --- KIP-279 --------------------------------------------------------------------------------------


def fast_failover(rule: str) -> Story:
    """Both are in sync, and cannot hear each other: each leads once, and writes another record at offset 6."""
    story = of(rule, replicas=2)
    for value in "abcde":
        put(story, 1, value)
    story.act(Stop("broker-1"))
    story.elected(2)
    story.run(12)
    story.act(Restart("broker-1"))
    story.until(lambda: len(story.state().isr) == 2)
    put(story, 2, "f")
    story.run(1)
    story.act(CutLink("broker-1", "broker-2"))
    assert put(story, 2, "only on broker-2", acks=1) == 6
    story.act(ElectLeader("orders-0"))
    story.elected(1)
    assert put(story, 1, "only on broker-1", acks=1) == 6
    assert story.state().isr == (2, 1)
    story.act(Crash("broker-1"))
    story.elected(2)
    put(story, 2, "g")
    story.act(HealLink("broker-1", "broker-2"), Restart("broker-1"))
    story.until(lambda: len(story.state().isr) == 2)
    put(story, 2, "h")
    story.run(1)
    return story


def test_before_kip_279_a_leader_tells_the_end_of_an_epoch_it_never_had():
    story = fast_failover(LAST_EPOCH)
    one, two = log_of(story, 1), log_of(story, 2)
    assert [at for at in range(len(two)) if one[at] != two[at]] == [6]
    assert (one[6][0], two[6][0], two[7][0]) == (2, 1, 3), "asked of epoch 2, broker-2 says where 3 begins"
    assert excuses(story) == ["broker-1 kept what it had of orders-0 from 6 to 7, as Kafka did before KIP-279"]


@pytest.mark.parametrize("rule", [COMMON_EPOCH, FENCED_EPOCH])
def test_since_kip_279_the_largest_common_epoch_is_looked_for(rule: str):
    story = fast_failover(rule)
    assert log_of(story, 1) == log_of(story, 2)
    (cut,) = [one.fact for one in story.heard(facts.Truncated) if one.node == "broker-1"]
    assert (cut.offset, cut.log_end_offset) == (6, 7)
    assert excuses(story) == []


# --- KIP-320 --------------------------------------------------------------------------------------


def zombie(rule: str) -> Story:
    """KAFKA-6880. broker-2 hears nothing from the controller, while others lead and cut; and then goes on fetching from
    broker-1, which leads again.
    """
    story = of(rule, replicas=3)
    for value in "abc":
        put(story, 1, value)
    story.run(1)
    story.act(CutLink("broker-1", "broker-3"))
    put(story, 1, "d", acks=1)
    put(story, 1, "e", acks=1)
    story.run(0.2)
    assert story.ends() == {1: (3, 5), 2: (3, 5), 3: (3, 3)}
    story.act(CutLink("controller-1", "broker-2"), CutLink("broker-1", "broker-2"), Stop("broker-1"))
    story.elected(3)
    story.act(HealLink("broker-1", "broker-3"))
    for value in "DEF":
        put(story, 3, value, acks=1)
    story.until(lambda: story.world.hosts["broker-1"].state == "down")
    story.act(Restart("broker-1"))
    story.until(lambda: 1 in story.state().isr)
    story.act(ElectLeader("orders-0"))
    story.elected(1)
    story.act(HealLink("broker-1", "broker-2"))
    story.run(5)
    assert story.replica(2).leader_epoch < story.replica(1).leader_epoch, "broker-2 has not heard of it"
    return story


@pytest.mark.parametrize("rule", [LAST_EPOCH, COMMON_EPOCH])
def test_before_kip_320_a_follower_that_missed_two_elections_copies_on(rule: str):
    story = zombie(rule)
    one, two = log_of(story, 1), log_of(story, 2)
    assert [at for at in range(len(one)) if one[at] != two[at]] == [3, 4]
    assert len(one) == len(two) == 6
    assert excuses(story) == ["broker-2 kept what it had of orders-0 from 3 to 5, as Kafka did before KIP-320"]


def test_since_kip_320_it_is_fenced_until_it_has_heard():
    story = zombie(FENCED_EPOCH)
    assert [epoch for epoch, _ in log_of(story, 2)] == [0] * 5
    story.act(HealLink("controller-1", "broker-2"))
    story.until(lambda: 2 in story.state().isr)
    assert log_of(story, 1) == log_of(story, 2)
    assert excuses(story) == []


def read_on_after_an_unclean_election(rule: str) -> Story:
    """A consumer has read beyond where an unclean leader begins, which has written on before the consumer asks."""
    story = of(rule, replicas=2, unclean_leader_election_enable="true")
    for value in "ab":
        put(story, 1, value)
    story.consumer("app", config=(("auto.offset.reset", "earliest"), ("metadata.max.age.ms", "1000")))
    story.until(lambda: story.polled("app") == [0, 1])  # and knows both brokers: metadata has none that is fenced
    story.act(Stop("broker-2"))
    story.until(lambda: story.state().isr == (1,) and story.world.hosts["broker-2"].state == "down")
    for value in "cde":
        put(story, 1, value)
    story.until(lambda: story.polled("app") == [0, 1, 2, 3, 4])
    story.act(CutLink("app", "broker-1"), CutLink("app", "broker-2"), Crash("broker-1"))
    story.run(12)
    story.act(Restart("broker-2"), SetTopicConfig("orders", "unclean.leader.election.enable", "true"))
    story.act(ElectLeader("orders-0", unclean=True))
    story.until(lambda: leads(story, 2))
    for value in "CDEFG":
        put(story, 2, value)
    story.act(HealLink("app", "broker-1"), HealLink("app", "broker-2"))
    story.run(60)
    return story


def test_before_kip_320_a_consumer_does_not_notice_that_its_log_was_cut():
    story = read_on_after_an_unclean_election(COMMON_EPOCH)
    assert story.polled("app") == [0, 1, 2, 3, 4, 5, 6], "the new records at 2, 3, 4 are never read"


def test_since_kip_320_a_consumer_goes_back_to_where_logs_part():
    story = read_on_after_an_unclean_election(FENCED_EPOCH)
    assert story.polled("app") == [0, 1, 2, 3, 4, 2, 3, 4, 5, 6]
    assert [one.offset for one in story.told(facts.PositionReset) if one.reason == "truncated"] == [2]


# --- how --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "epoch"), [(HIGH_WATERMARK, -1), (COMMON_EPOCH, -1), (FENCED_EPOCH, 0)])
def test_before_kip_320_nobody_is_told_leader_epochs(rule: str, epoch: int):
    story = of(rule, replicas=2)
    answer = story.ask("broker-2", MetadataRequest(("orders",)))
    assert answer.topics["orders"].partitions[ORDERS].leader_epoch == epoch


@pytest.mark.parametrize(("rule", "asks"), [(HIGH_WATERMARK, False), (LAST_EPOCH, True), (FENCED_EPOCH, False)])
def test_between_kip_101_and_kip_595_a_follower_asks_before_it_fetches(
    rule: str, asks: bool, monkeypatch: pytest.MonkeyPatch
):
    story = of(rule, replicas=2)
    put(story, 1, "a")
    story.run(1)
    asked: list[object] = []
    honest = HANDLERS[OffsetForLeaderEpochRequest]

    def answer(broker: Broker, request: object, context: RequestContext) -> object:
        asked.append(request)
        return honest(broker, request, context)

    monkeypatch.setitem(HANDLERS, OffsetForLeaderEpochRequest, answer)
    story.act(Crash("broker-2"), Restart("broker-2"))
    story.run(15)
    assert bool(asked) is asks


def test_a_cluster_goes_over_to_todays_rule_broker_by_broker():
    story = of(HIGH_WATERMARK, replicas=3, min_insync_replicas=2)
    story.producer("shop", rate=50, config=SHOP)
    for broker in (1, 2, 3):
        node = f"broker-{broker}"
        story.run(5)
        story.act(SetBrokerConfig(node, "replica.truncation.rule", FENCED_EPOCH), Stop(node))
        story.until(lambda node=node: story.world.hosts[node].state == "down")
        story.act(Restart(node))
        story.until(lambda: sorted(story.state().isr) == [1, 2, 3])
    story.run(5)
    assert story.ledger.lost() == 0
    assert excuses(story) == []
    assert story.ledger.producers["shop"].acked.count(0, 1 << 30) > 500
