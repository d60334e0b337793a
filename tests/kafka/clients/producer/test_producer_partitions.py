"""Where a producer sends a record (spec 6.1, 6.16)."""

import itertools
from collections import Counter

from lab.cluster.actions.topics import AddPartitions
from lab.kafka.protocol.murmur import partition_for
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.clients.producer.post import Post, Posted
from tests.story import Story, orders

THREE = (1, 2, 3)


def flushed(post: Post) -> list[int]:
    """Answer everything until nothing is left. Returns where the records went."""
    done = 0
    while post.waiting or done < len(post.posted):
        post.run(50)
        while done < len(post.posted):
            post.answer(post.posted[done])
            done += 1
    return list(post.partitions())


def test_spec_06_01_a_key_decides_even_where_nobody_leads():
    post = Post(leaders=(1, -1, 2, 3, 1, 2, 3))
    for at in range(40):
        post.write("v", key=f"k{at}")
    queued = {name.partition: sum(len(one.records) for one in queue.waiting) + sum(len(one.records)
              for one in queue.in_flight) for name, queue in post.producer.accumulator.queues.items()}  # fmt: skip
    wanted = Counter(partition_for(f"k{at}".encode(), 7) for at in range(40))
    assert {at: count for at, count in queued.items() if count} == dict(wanted)
    assert wanted[1] > 0


def test_spec_06_1_1_keys_can_be_ignored():
    post = Post(leaders=THREE, partitioner_ignore_keys=True)
    for _ in range(5):
        post.write("v", key="same")
    assert len(set(flushed(post))) == 1, "sticky"
    keyed = partition_for(b"same", 3)
    homes = [flushed(other)[0] for other in many(5, "same", ignore=True)]
    assert any(home != keyed for home in homes)


def values_of(batch: RecordBatch) -> list[int]:
    return [int((one.value or b"").rstrip(b".")) for one in batch.records()]


def many(count: int, key: str | None, ignore: bool = False) -> list[Post]:
    """Producers with different luck, each with one record."""
    found: list[Post] = []
    for luck in range(count):
        post = Post(leaders=THREE, partitioner_ignore_keys=ignore)
        for _ in range(luck):
            post.dice.below(3)
        post.write("v", key=key)
        found.append(post)
    return found


def test_spec_06_1_1_an_empty_key_is_a_key():
    assert {flushed(post)[0] for post in many(6, "")} == {partition_for(b"", 3)}
    assert len({flushed(post)[0] for post in many(12, None)}) > 1


def test_spec_06_02_records_without_a_key_stay_until_a_batch_is_full():
    post = Post(leaders=THREE, batch_size=1_000, linger_ms=20)
    for at in range(400):
        post.write(str(at).ljust(79, "."))
        post.run(1)
    flushed(post)
    home_of = {value: at for one in post.posted for at, batch in one.batches.items() for value in values_of(batch)}
    homes = [home_of[at] for at in range(400)]
    runs: list[int] = [1]
    for before, home in itertools.pairwise(homes):
        if home == before:
            runs[-1] += 1
        else:
            runs.append(1)
    assert all(run * 100 >= 1_000 for run in runs[:-1])
    assert len(runs) > 10


def test_spec_06_02_in_the_long_run_every_partition_has_its_share():
    post = Post(leaders=THREE, batch_size=200, linger_ms=0)
    for _ in range(6_000):
        post.write(size=100)
        for one in post.posted[-1:]:
            post.answer(one)
    shares = Counter(flushed(post))
    assert sum(shares.values()) == 6_000
    assert all(1_800 <= count <= 2_200 for count in shares.values())


def test_spec_06_1_2_a_half_full_batch_is_filled_before_another_partition_begins():
    """Nothing is sent meanwhile: after 1000 bytes the next batch of the same partition is filled, too."""
    post = Post(leaders=(-1, -1, -1), batch_size=1_000, linger_ms=100)
    for _ in range(60):
        post.write(size=79)
    batches = [batch for queue in post.producer.accumulator.queues.values() for batch in queue.waiting]
    half = [batch for batch in batches if len(batch.records) < 9]
    assert len(half) <= 3, "at most one each partition that was left at twice the batch size"


def test_spec_06_1_2_partitions_without_a_leader_are_not_chosen():
    post = Post(leaders=(1, -1, 3), batch_size=200, linger_ms=0)
    for _ in range(300):
        post.write(size=100)
        for one in post.posted[-1:]:
            post.answer(one)
    assert set(flushed(post)) == {0, 2}


def test_spec_06_1_2_unless_there_is_no_other():
    post = Post(leaders=(-1, -1), batch_size=200, linger_ms=0)
    for _ in range(40):
        post.write(size=100)
    assert {name.partition for name, queue in post.producer.accumulator.queues.items() if queue.waiting} == {0, 1}


def slow_share(adaptive: bool) -> int:
    """How many of 3000 records go to broker-2, which answers every 200 records what it has; the others at once."""
    post = Post(leaders=THREE, batch_size=200, linger_ms=0, partitioner_adaptive_partitioning_enable=adaptive)
    looked = 0
    unanswered: list[Posted] = []
    for at in range(1, 3_001):
        post.write(size=100)
        for one in post.posted[looked:]:
            if one.host == "broker-2":
                unanswered.append(one)
            else:
                post.answer(one)
        looked = len(post.posted)
        if at % 200 == 0:
            for one in unanswered:
                post.answer(one)
            unanswered = []
    waiting = post.producer.accumulator.queues[TopicPartition("orders", 1)].waiting
    return Counter(post.partitions())[1] + sum(len(one.records) for one in waiting)


def test_spec_06_03_a_slow_broker_gets_fewer_records_if_the_partitioner_adapts():
    assert slow_share(adaptive=True) < 600
    assert slow_share(adaptive=False) > 900


def test_spec_06_1_2_a_named_partition_wins_over_everything():
    post = Post(leaders=THREE)
    for at in range(6):
        post.write("v", key="same", partition=at % 3)
    post.run(5)
    assert sorted(post.partitions()) == [0, 0, 1, 1, 2, 2]


def test_spec_06_1_2_a_partition_that_does_not_exist_is_waited_for():
    post = Post(leaders=THREE)
    post.write("v", partition=3)
    post.run(1_000)
    assert post.posted == []
    assert 5 <= len(post.metadata_asked) <= 15, "metadata is asked for with pauses"
    post.leaders = (1, 2, 3, 1)
    post.run(200)
    assert list(post.partitions()) == [3]


def test_spec_06_1_2_and_after_max_block_ms_it_has_failed():
    post = Post(leaders=THREE)
    post.write("v", partition=3)
    post.run(60_000)
    assert post.failed == [((0,), "max.block.ms", False)]


def test_spec_06_24_with_a_fourth_partition_keys_move_once_the_metadata_is_new():
    post = Post(leaders=THREE)
    post.leaders = (1, 2, 3, 1)
    key = next(f"k{at}" for at in range(100) if partition_for(f"k{at}".encode(), 4) == 3)
    post.write("v", key=key)
    post.run(5)
    post.answer(post.posted[0])
    post.run(300_000)
    post.write("v", key=key)
    post.run(5)
    assert list(post.partitions()) == [partition_for(key.encode(), 3), 3]


def test_spec_06_24_and_records_without_a_key_find_it():
    story = Story(topics=orders(3))
    story.producer("web", rate=50, config=(("metadata.max.age.ms", "2000"), ("batch.size", "300")))
    story.run(3)
    story.act(AddPartitions("orders", 4))
    story.run(10)
    assert story.ledger.partition(TopicPartition("orders", 3)).log_end_offset > 20
