"""What the members of a group do when it rebalances, and what makes them (spec 4.4.1, 6.8)."""

from itertools import pairwise

from lab.cluster.actions.machines import Crash, Restart, Stop
from lab.cluster.actions.topics import AddPartitions, CreateTopic
from lab.cluster.spec import TopicSpec
from lab.kafka import facts
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.clients.consumer.shop import EARLIEST, commits, events, stock, write
from tests.story import Story, orders, settings

COOPERATIVE = settings(auto_offset_reset="earliest", partition_assignment_strategy="cooperative-sticky")


def generations(story: Story) -> list[int]:
    return [one.generation_id for one in story.told(facts.GroupStateChanged) if one.state == "Stable"]


# --- listeners ------------------------------------------------------------------------------------


def test_spec_06_08_eager_members_give_up_everything_before_anybody_joins():
    story = Story(topics=orders(4))
    story.consumer("a")
    story.run(10)
    story.consumer("b")
    story.run(10)
    assert events(story, "a") == [("assigned", [0, 1, 2, 3]), ("revoked", [0, 1, 2, 3]), ("assigned", [0, 1])]
    assert events(story, "b") == [("assigned", [2, 3])]
    revoked = next(story.heard(facts.PartitionsRevoked, member="a"))
    prepared = next(story.heard(facts.GroupStateChanged, state="CompletingRebalance", generation_id=2))
    assert revoked.time < prepared.time
    assert generations(story) == [1, 2]


def test_spec_06_08_cooperative_members_give_up_only_what_moves_and_join_twice():
    story = Story(topics=orders(4))
    story.consumer("a", config=COOPERATIVE)
    story.run(10)
    story.consumer("b", config=COOPERATIVE)
    story.run(10)
    assert events(story, "a") == [("assigned", [0, 1, 2, 3]), ("revoked", [2, 3]), ("assigned", []), ("assigned", [])]
    assert events(story, "b") == [("assigned", []), ("assigned", [2, 3])]
    assert story.owned("a", "b") == {"a": [0, 1], "b": [2, 3]}
    assert generations(story) == [1, 2, 3]


def test_spec_04_13_with_the_default_list_of_assignors_a_group_is_eager():
    story = Story(topics=orders(2))
    story.consumer("a", config=settings(partition_assignment_strategy="range,cooperative-sticky"))
    story.run(10)
    story.consumer("b", config=settings(partition_assignment_strategy="range,cooperative-sticky"))
    story.run(10)
    assert ("revoked", [0, 1]) in events(story, "a")
    assert story.group().protocol == "range"


def test_a_member_without_partitions_is_told_so():
    story = Story(topics=orders(1))
    story.consumer("a")
    story.consumer("b")
    story.run(10)
    assert [events(story, "a"), events(story, "b")] == [[("assigned", [0])], [("assigned", [])]]


def test_a_member_that_closes_gives_its_partitions_up_and_the_others_get_them_at_once():
    story = Story(topics=orders(2))
    story.consumer("a")
    story.consumer("b")
    story.run(10)
    story.act(Stop("b"))
    story.run(4)
    assert events(story, "b")[-1] == ("revoked", [1])
    assert story.owned("a") == {"a": [0, 1]}


def longest_pause_ms(config: tuple[tuple[str, str], ...]) -> int:
    """Partition 0 belongs to `a`, before and after. How long it is not read while `c` joins and busy `b` comes late."""
    story = Story(topics=orders(6))
    story.producer("web", rate=200, keys="cycle:30")
    story.consumer("a", config=config)
    story.consumer("b", work_us=4_000_000, config=(*config, ("max.poll.records", "1")))
    story.run(15)
    begun = story.now
    story.consumer("c", config=config)
    story.run(20)
    assert [len(numbers) for numbers in story.owned("a", "b", "c").values()] == [2, 2, 2]
    reads = story.heard(facts.RecordsPolled, member="a", partition=TopicPartition("orders", 0))
    times = [one.time // 1_000 for one in reads if one.time // 1_000 >= begun]
    return max(later - earlier for earlier, later in pairwise([begun, *times, story.now]))


def test_spec_06_21_a_cooperative_group_goes_on_reading_what_does_not_move():
    assert longest_pause_ms(COOPERATIVE) < 500
    assert longest_pause_ms(EARLIEST) > 1_000, "an eager one waits for the slowest"


def test_spec_06_12_an_eager_member_commits_before_it_gives_up():
    story = stock(20, topics=orders(1))
    story.consumer("a", config=settings(auto_offset_reset="earliest", auto_commit_interval_ms=600_000))
    story.run(10)
    assert commits(story, "a") == []
    story.consumer("b", config=EARLIEST)
    story.run(10)
    assert commits(story, "a") == [20]
    assert story.polled("b") == []


def test_spec_06_12_without_auto_commit_the_new_owner_reads_again():
    story = stock(20, topics=orders(1))
    story.consumer("a", commit="none", config=EARLIEST)
    story.run(10)
    story.act(Stop("a"))
    story.consumer("b", config=EARLIEST)
    story.run(10)
    assert story.polled("b") == list(range(20))


# --- what the leader watches ----------------------------------------------------------------------


def test_the_leader_notices_new_partitions_when_its_metadata_is_too_old():
    story = Story(topics=orders(2))
    story.consumer("a", config=settings(metadata_max_age_ms=20_000))
    story.consumer("b", config=settings(metadata_max_age_ms=20_000))
    story.run(10)
    story.act(AddPartitions("orders", 4))
    took = story.until(lambda: len(story.group().members) == 2 and story.group().generation == 2)
    assert took <= 20_000 + 4_000, "the age of its metadata, and the heartbeat by which the other hears of it"
    story.run(1)
    assert story.owned("a", "b") == {"a": [0, 1], "b": [2, 3]}


def test_spec_04_11_a_static_leader_that_restarts_keeps_the_plan_and_still_watches_for_new_partitions():
    story = Story(topics=orders(2))
    for name in ("a", "b"):
        story.consumer(name, config=settings(group_instance_id=name, metadata_max_age_ms=5_000))
    story.run(10)
    group = story.group()
    leader = next(name for name in "ab" if story.app(name).membership.member_id == group.leader)
    owned = story.owned("a", "b")
    story.act(Crash(leader))
    story.run(1)
    story.act(Restart(leader))
    story.run(5)
    assert (group.generation, story.owned("a", "b")) == (1, owned), "it was told to skip the assignment"
    story.act(AddPartitions("orders", 4))
    story.run(15)
    assert group.generation == 2
    assert {name: len(numbers) for name, numbers in story.owned("a", "b").items()} == {"a": 2, "b": 2}


def test_a_topic_that_appears_after_its_readers_is_taken_up():
    story = Story(topics=())
    story.consumer("a", config=EARLIEST)
    story.consumer("b", config=EARLIEST)
    story.run(10)
    assert events(story, "a") == [("assigned", [])]
    story.act(CreateTopic("orders", 2, 3))
    story.run(10)
    assert story.owned("a", "b") == {"a": [0], "b": [1]}


def test_the_leader_plans_topics_that_only_others_read():
    story = Story(topics=(*orders(2), TopicSpec("bills", 2, 3)))
    for name, topics in (("a", ("orders",)), ("b", ("bills",))):
        story.consumer(name, topics=topics, config=settings(metadata_max_age_ms=5_000))
    story.run(10)
    group = story.group()
    bills = [TopicPartition("bills", index) for index in range(4)]
    assert story.app("a").membership.member_id == group.leader
    assert list(story.app("b").membership.owned) == bills[:2]
    story.act(AddPartitions("bills", 4))
    story.run(15)
    assert list(story.app("b").membership.owned) == bills
    story.act(Stop("b"))
    story.run(10)
    assert story.app("a").metadata.topics == ("orders",)


# --- the coordinator ------------------------------------------------------------------------------


def test_a_coordinator_is_looked_for_until_there_is_one():
    story = Story(topics=orders())
    brokers = [f"broker-{number}" for number in (1, 2, 3)]
    story.act(*map(Crash, brokers))
    story.consumer("a")
    story.run(20)
    assert story.app("a").membership.coordinator is None
    story.act(*map(Restart, brokers))
    story.until(lambda: story.owned("a") == {"a": [0]}, limit_s=20)


def test_spec_04_19_a_group_goes_on_without_a_rebalance_when_its_coordinator_dies():
    story = Story(topics=orders(2, min_insync_replicas=2))
    story.producer("web", rate=20)
    story.consumer("a", config=EARLIEST)
    story.consumer("b", config=EARLIEST)
    story.run(10)
    before = story.coordinator()
    story.act(Crash(f"broker-{before}"))
    story.run(30)
    assert story.coordinator() != before
    assert generations(story) == [1]
    assert [len(events(story, name)) for name in "ab"] == [1, 1]
    history = story.ledger.group("pay")
    assert (history.duplicates, history.skipped()) == (0, 0)


def test_spec_04_19_a_coordinator_that_is_stopped_hands_its_groups_over_within_seconds():
    story = Story(topics=orders(1))
    story.producer("web", rate=20)
    story.consumer("a", commit="sync", config=EARLIEST)
    story.run(10)
    story.act(Stop(f"broker-{story.coordinator()}"))
    story.run(5)
    begun = len(commits(story, "a"))
    story.run(3)
    assert len(commits(story, "a")) > begun
    assert generations(story) == [1]
    write(story, 1)
