"""Several brokers: who leads, who coordinates, who may be asked what, and replicas that move."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.live.witness.batches import TRANSACTIONAL, batch, values
from tests.live.witness.script.groups import GROUP, RANGE, TRANSACTION
from tests.live.witness.script.records import EARLIEST, LATEST, MAX_TIMESTAMP, asked, sent
from tests.live.witness.talk import PATIENCE_S, Talk

BROKERS = (1, 2, 3)
OFFSETS, TRANSACTIONS = "__consumer_offsets", "__transaction_state"
RING = ((1, 2, 3), (2, 3, 1), (3, 1, 2))


def placed(name: str, *replicas: Sequence[int], **configs: str) -> dict[str, Any]:
    """A topic whose replicas are where they are told to be: Kafka would draw the first broker."""
    told = [{"name": key.replace("_", "."), "value": value} for key, value in configs.items()]
    return {
        "name": name, "num_partitions": -1, "replication_factor": -1, "configs": told,
        "assignments": [{"partition_index": index, "broker_ids": one} for index, one in enumerate(replicas)],
    }  # fmt: skip


def make(talk: Talk, name: str, *replicas: Sequence[int], **configs: str) -> str:
    """A topic that every broker knows and its leaders lead; its id."""
    talk.quietly("create_topics", topics=[placed(name, *replicas, **configs)], timeout=5_000)
    for broker in BROKERS:
        wait_until(lambda at=broker: topic(talk, name, at)["error_code"] == "NONE")
    for index, one in enumerate(replicas):
        ends = [{"partition_index": index, "timestamp": LATEST}]
        talk.settled("list_offsets", "", at=one[0], replica_id=-1, topics=[{"name": name, "partitions": ends}])
    return str(topic(talk, name)["topic_id"])


def topic(talk: Talk, name: str, at: int = 1) -> Any:
    return talk.quietly("metadata", at=at, topics=[{"name": name}], allow_auto_topic_creation=False)["topics"][0]


def partition(talk: Talk, name: str, index: int = 0, at: int = 1) -> Any:
    return next(one for one in topic(talk, name, at)["partitions"] if one["partition_index"] == index)


def wait_until(so: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def fill(talk: Talk, name: str, leader: int, *words: str, index: int = 0) -> None:
    """Each a batch, in sync everywhere."""
    for word in words:
        request = sent(name, batch(values(word), talk.now_ms), index)
        number = UUID(topic(talk, name)["topic_id"])
        request["topic_data"] = [{**one, "topic_id": number} for one in request["topic_data"]]
        talk.settled("produce", "", at=leader, **request)


def internal(talk: Talk) -> None:
    """The topics of the coordinators, so that both clusters have the same broker for the same name."""
    if talk.lowest:
        return
    compact = {"cleanup_policy": "compact"}
    for case, name in (("that of the offsets, by hand", OFFSETS), ("that of the transactions, by hand", TRANSACTIONS)):
        talk.ask("create_topics", case, topics=[placed(name, *RING, **compact)], timeout=5_000)
        for broker in BROKERS:
            wait_until(lambda at=broker, known=name: topic(talk, known, at)["error_code"] == "NONE")
    for broker in BROKERS:
        wait_until(lambda at=broker: len(talk.quietly("describe_cluster", at=at)["brokers"]) == len(BROKERS))


def topology(talk: Talk) -> None:
    name = talk.name("three")
    make(talk, name, *RING)
    for broker in BROKERS:
        talk.ask("metadata", f"three replicas, asked of broker {broker}", at=broker, topics=[{"name": name}],
                 allow_auto_topic_creation=False)  # fmt: skip
        talk.ask("describe_cluster", f"asked of broker {broker}", at=broker, endpoint_type=1)
        talk.ask("describe_log_dirs", f"of broker {broker}", at=broker,
                 topics=[{"topic": name, "partitions": [0, 1, 2]}])  # fmt: skip
    quorum = [{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]
    talk.ask("describe_quorum", "three observers", at=2, topics=quorum)
    first, second, few = (talk.name(one) for one in ("paged-1", "paged-2", "paged-3"))
    make(talk, first, *RING)
    make(talk, second, *RING, *RING)
    make(talk, few, (3,))
    every = [{"name": one} for one in (second, few, first)]
    for limit in (2, 3, 4, 100):
        cursor, page = None, 1
        while page == 1 or cursor is not None:
            found = talk.ask("describe_topic_partitions", f"page {page} of {limit} at most", topics=every,
                             response_partition_limit=limit, cursor=cursor)  # fmt: skip
            cursor, page = found["next_cursor"], page + 1
    ask, limit = "describe_topic_partitions", {"response_partition_limit": 10}
    for case, named, index in (
        ("beyond the last partition of a topic", first, 3),
        ("far beyond it", first, 99),
        ("at a topic that is not asked for", f"{first}0", 0),
        ("behind all topics", talk.name("zzz"), 0),
    ):
        talk.ask(ask, f"a cursor {case}", topics=every, cursor={"topic_name": named, "partition_index": index}, **limit)
    both = [{"name": first}, {"name": talk.name("paged-2-unknown")}]
    talk.ask(ask, "two topics, one unknown", topics=both, **limit)
    talk.ask(ask, "a limit of 0", topics=every, response_partition_limit=0)
    talk.ask(ask, "a limit below 0", topics=every, response_partition_limit=-1)
    talk.ask(ask, "the same topic twice", topics=[{"name": few}, {"name": few}], **limit)


def assignments(talk: Talk) -> None:
    def create(case: str, *replicas: Sequence[int], **more: Any) -> None:
        one = {**placed(talk.name("none"), *replicas), **more}
        talk.ask("create_topics", f"placed: {case}", topics=[one], timeout=5_000)

    create("different numbers of replicas", (1, 2), (1,))
    create("different numbers of replicas, fewer first", (1,), (1, 2))
    create("one partition with nobody", (1, 2), ())
    create("an unknown broker among known ones", (1, 2), (2, 9))
    create("a broker below 0", (1, -1))
    create("a broker twice", (1, 2), (2, 2))
    create("and a replication factor too", (1, 2), replication_factor=2)
    one = {"partition_index": 0, "broker_ids": (1, 2)}
    create("the same partition twice", assignments=[one, one])
    create("a partition below 0", assignments=[{"partition_index": -1, "broker_ids": (1, 2)}])
    create("without partition 0", assignments=[{**one, "partition_index": 1}])
    create("without partition 1", assignments=[one, {**one, "partition_index": 2}])
    good = talk.name("placed")
    talk.ask("create_topics", "placed: as told", topics=[placed(good, (2, 3), (3, 1))], timeout=5_000)
    wait_until(lambda: topic(talk, good)["error_code"] == "NONE")
    talk.ask("metadata", "a topic that was placed", topics=[{"name": good}], allow_auto_topic_creation=False)
    wide = {"name": talk.name("none"), "num_partitions": 1, "replication_factor": 4}
    talk.ask("create_topics", "more replicas than brokers", topics=[wide], timeout=5_000)
    spread = {"name": talk.name("spread"), "num_partitions": 3, "replication_factor": 3}
    talk.ask("create_topics", "three replicas of three partitions", topics=[spread], timeout=5_000)

    def enlarge(case: str, count: int, *replicas: Sequence[int]) -> None:
        wanted = {"name": good, "count": count, "assignments": [{"broker_ids": one} for one in replicas]}
        talk.ask("create_partitions", f"placed: {case}", topics=[wanted], timeout=5_000)

    enlarge("fewer replicas than the others", 3, (1,))
    enlarge("more replicas than the others", 3, (1, 2, 3))
    enlarge("different numbers of replicas", 4, (1, 2), (1,))
    enlarge("an unknown broker", 3, (1, 9))
    enlarge("a broker twice", 3, (1, 1))
    enlarge("nobody", 3, ())
    enlarge("more assignments than partitions", 3, (1, 2), (2, 3))
    enlarge("fewer assignments than partitions", 4, (1, 2))
    enlarge("as told", 3, (1, 2))
    wait_until(lambda: len(topic(talk, good)["partitions"]) == 3)
    talk.ask("metadata", "a topic that was enlarged", topics=[{"name": good}], allow_auto_topic_creation=False)


def wrong_broker(talk: Talk) -> None:
    """Partition 0 is led by broker 1 and followed by broker 2; broker 3 has nothing of it."""
    name = talk.name("led-elsewhere")
    known = make(talk, name, (1, 2))
    fill(talk, name, 1, "one", "two")
    _wait_for_follower(talk, name, known)
    number, data = UUID(known), batch(values("three"), talk.now_ms)
    for who, at in (("a follower", 2), ("a stranger", 3)):
        request = sent(name, data)
        request["topic_data"] = [{**one, "topic_id": number} for one in request["topic_data"]]
        talk.ask("produce", f"to {who}", at=at, **request)
        talk.ask("produce", f"to {who}, acks 1", at=at, **{**request, "acks": 1})
        talk.ask("produce", f"to {who}, acks 0", at=at, patience_s=1, **{**request, "acks": 0})
        talk.ask("fetch", f"from {who}", at=at, **asked(name, known, 0))
        talk.ask("fetch", f"from {who}, beyond the end", at=at, **asked(name, known, 99))
        talk.ask("fetch", f"from {who}, an unknown partition", at=at, **asked(name, known, 0, 7))
        if not talk.lowest:
            talk.ask("fetch", f"from {who}, with the epoch", at=at, **asked(name, known, 0, current_leader_epoch=0))
            talk.ask("fetch", f"from {who}, a newer epoch", at=at, **asked(name, known, 0, current_leader_epoch=5))
        for case, timestamp in (("latest", LATEST), ("earliest", EARLIEST), ("by time", 0)):
            ends = [{"partition_index": 0, "timestamp": timestamp}]
            talk.ask("list_offsets", f"of {who}, {case}", at=at, replica_id=-1,
                     topics=[{"name": name, "partitions": ends}], timeout=5_000)  # fmt: skip
        if not talk.lowest:
            ends = [{"partition_index": 0, "timestamp": MAX_TIMESTAMP}]
            talk.ask("list_offsets", f"of {who}, max timestamp", at=at, replica_id=-1,
                     topics=[{"name": name, "partitions": ends}], timeout=5_000)  # fmt: skip
            ends = [{"partition_index": 0, "timestamp": LATEST, "current_leader_epoch": 5}]
            talk.ask("list_offsets", f"of {who}, a newer epoch", at=at, replica_id=-1,
                     topics=[{"name": name, "partitions": ends}], timeout=5_000)  # fmt: skip
        for case, current in (("without an epoch", -1), ("with the epoch", 0), ("a newer epoch", 5)):
            inner = {"partition": 0, "current_leader_epoch": current, "leader_epoch": 0}
            talk.ask("offset_for_leader_epoch", f"of {who}, {case}", at=at, replica_id=-1,
                     topics=[{"topic": name, "partitions": [inner]}])  # fmt: skip
        inner = {"partition_index": 0, "offset": 1}
        talk.ask("delete_records", f"of {who}", at=at, topics=[{"name": name, "partitions": [inner]}], timeout=5_000)
        talk.ask("describe_producers", f"of {who}", at=at, topics=[{"name": name, "partition_indexes": [0]}])
        talk.ask("describe_log_dirs", f"of {who}", at=at, topics=[{"topic": name, "partitions": [0]}])


def nearby(talk: Talk) -> None:
    """Reading from the replica in one's own rack, which older clients cannot ask for."""
    if talk.lowest:
        return
    name = talk.name("near")
    known = make(talk, name, (1, 2))
    fill(talk, name, 1, "one", "two")
    _wait_for_follower(talk, name, known)
    for case, at, rack in (
        ("of the leader, from its own rack", 1, "rack-1"), ("of the leader, from the follower's rack", 1, "rack-2"),
        ("of the leader, from a rack without a replica", 1, "rack-3"), ("of the leader, from nowhere", 1, ""),
        ("of the leader, from an unknown rack", 1, "rack-9"), ("of the follower, from its own rack", 2, "rack-2"),
        ("of the follower, from another rack", 2, "rack-3"), ("of the follower, from nowhere", 2, ""),
        ("of a stranger", 3, "rack-2"),
    ):  # fmt: skip
        talk.ask("fetch", f"nearby: {case}", at=at, **asked(name, known, 0, rack_id=rack))
    talk.ask("fetch", "nearby: at the end", at=1, **asked(name, known, 2, rack_id="rack-2"))
    talk.ask("fetch", "nearby: beyond the end", at=1, **asked(name, known, 5, rack_id="rack-2"))
    talk.ask("fetch", "nearby: beyond the end, of the follower", at=2, **asked(name, known, 5, rack_id="rack-2"))
    talk.ask("fetch", "nearby: an older epoch, of the follower", at=2,
             **asked(name, known, 0, rack_id="rack-2", current_leader_epoch=0))  # fmt: skip
    talk.ask("fetch", "nearby: a newer epoch, of the follower", at=2,
             **asked(name, known, 0, rack_id="rack-2", current_leader_epoch=5))  # fmt: skip
    talk.ask("fetch", "nearby: what is committed, of the follower", at=2,
             **asked(name, known, 0, rack_id="rack-2", isolation_level=1))  # fmt: skip


def _wait_for_follower(talk: Talk, name: str, known: str) -> None:
    """Until broker 2 has heard that two records are committed."""

    def heard() -> bool:
        found = talk.quietly("fetch", at=2, **asked(name, known, 0, rack_id="rack-2"))
        return found["responses"][0]["partitions"][0]["high_watermark"] == 2

    wait_until(heard)


def coordinators(talk: Talk) -> None:
    group, name, written = talk.name("group"), talk.name("writer"), talk.name("coordinated")
    make(talk, written, (1, 2, 3))
    groups = [talk.name(f"group-{one}") for one in range(4)]
    for at in BROKERS:
        for one in groups if not talk.lowest else groups[:1]:
            talk.settled("find_coordinator", f"of {one.rpartition('-')[0]}, asked of broker {at}", at=at, key=one,
                         key_type=GROUP, coordinator_keys=[one])  # fmt: skip
    if not talk.lowest:
        talk.settled("find_coordinator", "of four groups", key_type=GROUP, coordinator_keys=groups)
        talk.settled("find_coordinator", "of a transaction, by hand", key_type=TRANSACTION, coordinator_keys=[name])
    right = _coordinator(talk, GROUP, group)
    talk.settled("describe_groups", "", at=right, groups=[group])
    at = next(one for one in BROKERS if one != right)
    told = {"group_id": group, "generation_id": 1, "member_id": "x"}
    join = {
        "group_id": group, "session_timeout": 30_000, "rebalance_timeout": 5_000, "member_id": "",
        "protocol_type": "consumer", "protocols": RANGE,
    }  # fmt: skip
    offset = {"partition_index": 0, "committed_offset": 3, "committed_metadata": ""}
    commit = {**told, "generation_id_or_member_epoch": -1, "member_id": "",
              "topics": [{"name": written, "partitions": [offset]}]}  # fmt: skip
    topics = [{"name": written, "partition_indexes": [0]}]
    case = "asked of the wrong broker"
    talk.ask("join_group", case, at=at, **join)
    assigned = {"protocol_type": "consumer", "protocol_name": "range", "assignments": []}
    talk.ask("sync_group", case, at=at, **told, **assigned)
    talk.ask("heartbeat", case, at=at, **told)
    talk.ask("leave_group", case, at=at, group_id=group, member_id="x", members=[{"member_id": "x"}])
    talk.ask("offset_commit", case, at=at, **commit)
    talk.ask("offset_fetch", case, at=at, group_id=group, topics=topics, groups=[{"group_id": group, "topics": topics}])
    talk.ask("offset_delete", case, at=at, group_id=group, topics=[{"name": written, "partitions": [offset]}])
    talk.ask("describe_groups", case, at=at, groups=[group])
    talk.ask("delete_groups", case, at=at, groups_names=[group])
    talk.ask("consumer_group_describe", case, at=at, group_ids=[group])
    talk.ask("consumer_group_heartbeat", case, at=at, group_id=group, member_id="one", member_epoch=0,
             rebalance_timeout=5_000, subscribed_topic_names=[written], topic_partitions=[])  # fmt: skip
    if not talk.lowest:
        both = [{"group_id": one, "topics": topics} for one in (group, *groups)]
        talk.ask("offset_fetch", "several groups, of one broker", at=right, groups=both)
        talk.ask("describe_groups", "several, of one broker", at=right, groups=[group, *groups])
        talk.ask("delete_groups", "several, of one broker", at=right, groups_names=[group, *groups])
    talk.ask("offset_commit", "asked of the right broker", at=right, **commit)
    for one in BROKERS:
        talk.ask("list_groups", f"of broker {one}", at=one, states_filter=[], types_filter=[])
    _transaction_coordinators(talk, name, written)


def _coordinator(talk: Talk, kind: int, name: str) -> int:
    found = talk.settled("find_coordinator", "", key=name, key_type=kind, coordinator_keys=[name])
    return int(found["coordinators"][0]["node_id"] if "coordinators" in found else found["node_id"])


def _transaction_coordinators(talk: Talk, name: str, written: str) -> None:
    right = (
        talk.quietly("find_coordinator", key_type=TRANSACTION, coordinator_keys=[name])["coordinators"][0]["node_id"]
    )  # fmt: skip
    at = next(one for one in BROKERS if one != right)
    talk.settled("describe_transactions", "", at=right, transactional_ids=[name])
    case = "asked of the wrong broker"
    begin = {"transactional_id": name, "transaction_timeout": 60_000, "producer_id": -1, "producer_epoch": -1}
    talk.ask("init_producer_id", case, at=at, **begin)
    begun = talk.settled("init_producer_id", "asked of the right broker", at=right, **begin)
    said = {"transactional_id": name, "producer_id": begun["producer_id"], "producer_epoch": begun["producer_epoch"]}
    adding = {**said, "topics": [{"name": written, "partitions": [0]}]}
    older = {"version": 0 if talk.lowest else 3}
    adding = {f"v3_and_below_{key}": value for key, value in adding.items()}
    talk.ask("add_partitions_to_txn", case, at=at, **older, **adding)
    talk.ask("add_offsets_to_txn", case, at=at, **said, group_id=name)
    ending = {"version": 0 if talk.lowest else 4, **said}
    talk.ask("end_txn", case, at=at, **ending, committed=True)
    talk.ask("describe_transactions", case, at=at, transactional_ids=[name])
    group = talk.name("group-of-writer")
    coordinator = _coordinator(talk, GROUP, group)
    wrong = next(one for one in BROKERS if one != coordinator)
    talk.settled("describe_groups", "", at=coordinator, groups=[group])
    offset = {"partition_index": 0, "committed_offset": 5, "committed_metadata": ""}
    offsets = {**said, "group_id": group, "topics": [{"name": written, "partitions": [offset]}], **older}
    talk.ask("txn_offset_commit", case, at=wrong, **offsets)
    talk.ask("add_partitions_to_txn", "asked of the right broker", at=right, **older, **adding)
    data = batch(values("x"), talk.now_ms, producer=(begun["producer_id"], begun["producer_epoch"], 0),
                 attributes=TRANSACTIONAL)  # fmt: skip
    talk.ask("produce", "in a transaction, to the leader", **sent(written, data, transactional_id=name))
    for broker in BROKERS:
        talk.ask("list_transactions", f"of broker {broker}", at=broker, state_filters=[], producer_id_filters=[])
        talk.ask("describe_producers", f"of broker {broker}, a replica of all", at=broker,
                 topics=[{"name": written, "partition_indexes": [0]}])  # fmt: skip
    talk.ask("end_txn", "asked of the right broker", at=right, **ending, committed=True)


def moving(talk: Talk) -> None:
    """Replicas that move while all brokers live: begun and soon done."""
    name, lonely = talk.name("moved"), talk.name("lonely")
    known = make(talk, name, (1, 2))
    make(talk, lonely, (1,))
    fill(talk, name, 1, "one", "two")

    def move(case: str, replicas: Sequence[int] | None, *, named: str = name, index: int = 0) -> None:
        wanted = [{"name": named, "partitions": [{"partition_index": index, "replicas": replicas}]}]
        talk.ask("alter_partition_reassignments", case, at=2, topics=wanted, timeout=5_000)

    def look(case: str, leader: int, replicas: Sequence[int], named: str = name) -> None:
        wait_until(lambda: not talk.quietly("list_partition_reassignments", topics=None, timeout=5_000)["topics"])
        for at in BROKERS:
            wait_until(lambda at=at: _settled(partition(talk, named, at=at), leader, replicas))
        talk.ask("metadata", case, topics=[{"name": named}], allow_auto_topic_creation=False)

    move("to where they are", (1, 2))
    move("to no broker", ())
    move("to a broker twice", (2, 2))
    move("to an unknown broker", (1, 9))
    move("to a broker below 0", (1, -1))
    move("to cancel what has not begun", None)
    move("an unknown partition", (1, 2), index=7)
    move("an unknown topic", (1, 2), named=talk.name("nobody"))
    move("to another order", (2, 1))
    look("replicas in another order", 1, (2, 1))
    elect = {"election_type": 0, "timeout": 5_000}
    named = [{"topic": name, "partitions": [0]}]
    talk.ask("elect_leaders", "the preferred one, which does not lead", topic_partitions=named, **elect)
    look("led by the preferred one", 2, (2, 1))
    talk.ask("elect_leaders", "the preferred one again", topic_partitions=named, **elect)
    fill(talk, name, 2, "three")
    move("the follower to broker 3", (2, 3))
    look("a follower that has moved", 2, (2, 3))
    move("the leader to broker 1", (1, 3))
    look("a leader that has moved", 1, (1, 3))
    fill(talk, name, 1, "four")
    move("to all brokers", (1, 2, 3))
    look("a partition with more replicas", 1, (1, 2, 3))
    move("to one broker", (3,))
    look("a partition with one replica", 3, (3,))
    move("a partition that nobody follows", (2,), named=lonely)
    look("a partition that has moved as a whole", 2, (2,), lonely)
    fill(talk, name, 3, "five")
    both = [
        {"name": one, "partitions": [{"partition_index": 0, "replicas": to}]}
        for one, to in ((name, (1, 2)), (lonely, (9,)))
    ]
    talk.ask("alter_partition_reassignments", "two, of which one is bad", topics=both, timeout=5_000)
    look("after two, of which one was bad", 1, (1, 2))
    talk.settled("fetch", "after all that moving", at=1, **asked(name, known, 0))
    _epochs(talk, name, known)


def _settled(found: Any, leader: int, replicas: Sequence[int]) -> bool:
    return (
        found["leader_id"] == leader
        and found["replica_nodes"] == list(replicas)
        and sorted(found["isr_nodes"]) == sorted(replicas)
    )


def _epochs(talk: Talk, name: str, known: str) -> None:
    """What a leader with a history says of its epochs."""
    epoch = int(partition(talk, name)["leader_epoch"])
    for one in range(epoch + 2):
        inner = {"partition": 0, "current_leader_epoch": -1, "leader_epoch": one}
        talk.ask("offset_for_leader_epoch", f"of epoch {one}", replica_id=-1,
                 topics=[{"topic": name, "partitions": [inner]}])  # fmt: skip
    for case, current in (("an older one", epoch - 1), ("the current one", epoch), ("a newer one", epoch + 1)):
        inner = {"partition": 0, "current_leader_epoch": current, "leader_epoch": 0}
        talk.ask("offset_for_leader_epoch", f"by {case}", replica_id=-1,
                 topics=[{"topic": name, "partitions": [inner]}])  # fmt: skip
        if not talk.lowest:
            talk.ask("fetch", f"by {case}", **asked(name, known, 0, current_leader_epoch=current))
            ends = [{"partition_index": 0, "timestamp": LATEST, "current_leader_epoch": current}]
            talk.ask("list_offsets", f"by {case}", replica_id=-1, topics=[{"name": name, "partitions": ends}])
    if not talk.lowest:
        for last in range(epoch + 2):
            talk.ask("fetch", f"after a last record of epoch {last}, at 2", **asked(name, known, 2,
                     current_leader_epoch=epoch, last_fetched_epoch=last))  # fmt: skip


PARTS = (internal, topology, assignments, wrong_broker, nearby, coordinators, moving)
