"""What Kafka was seen to answer, and what it took without harm, asked of ours alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from lab.cluster.spec import ClusterSpec, TopicSpec
from tests.live.served import AT_ONCE, Served, served
from tests.live.witness.batches import batch, values
from tests.live.witness.script.records import asked, sent
from tests.live.witness.session import Ours, held
from tests.live.witness.talk import Talk

ONE = ClusterSpec(brokers=1, topics=(TopicSpec("orders", 1, 1),), broker_config=AT_ONCE)
TOPIC = 2
LEAVING = [{"member_id": "nobody"}]
PARTITION = [{"partition_index": 0}]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Served]:
    with served(ONE) as found:
        yield found


@pytest.fixture
def talk(cluster: Served) -> Iterator[Talk]:
    found = Talk(Ours(cluster), held(cluster.addresses), lowest=False, now_ms=1_700_000_000_000)
    found.settled("find_coordinator", "", key_type=0, coordinator_keys=["readers"])
    found.settled("find_coordinator", "", key_type=1, coordinator_keys=["writer"])
    found.settled("describe_transactions", "", transactional_ids=["writer"])
    found.settled("init_producer_id", "", transactional_id=None, transaction_timeout=60_000)
    yield found
    found.close()


def test_a_commit_beyond_the_end_is_taken_and_the_world_goes_on(talk: Talk):
    protocols = [{"name": "range", "metadata": b""}]
    said = {"group_id": "readers", "session_timeout": 30_000, "rebalance_timeout": 5_000, "protocol_type": "consumer",
            "protocols": protocols, "member_id": ""}  # fmt: skip
    member = talk.ask("join_group", "", **said)["member_id"]
    joined = talk.ask("join_group", "", **{**said, "member_id": member})
    given = [{"member_id": member, "assignment": b""}]
    talk.ask("sync_group", "", group_id="readers", member_id=member, generation_id=joined["generation_id"],
             protocol_type="consumer", protocol_name="range", assignments=given)  # fmt: skip
    one = {"partition_index": 0, "committed_offset": 1_000, "committed_metadata": ""}
    found = talk.ask("offset_commit", "", version=9, group_id="readers", member_id=member,
                     generation_id_or_member_epoch=joined["generation_id"],
                     topics=[{"name": "orders", "partitions": [one]}])  # fmt: skip
    assert found["topics"][0]["partitions"][0]["error_code"] == "NONE"
    leaving = [{"member_id": member}]
    assert talk.ask("leave_group", "", group_id="readers", members=leaving)["error_code"] == "NONE"


def test_who_syncs_says_of_which_protocol(talk: Talk):
    said = {"group_id": "readers", "session_timeout": 30_000, "rebalance_timeout": 5_000, "protocol_type": "consumer",
            "protocols": [{"name": "range", "metadata": b""}], "member_id": ""}  # fmt: skip
    member = talk.ask("join_group", "", version=3, **said)
    told = {"group_id": "readers", "member_id": member["member_id"], "generation_id": member["generation_id"]}
    assert talk.ask("sync_group", "", version=5, **told)["error_code"] == "INCONSISTENT_GROUP_PROTOCOL"
    assert talk.ask("sync_group", "", version=4, **told)["error_code"] == "NONE", "older ones cannot say it"
    leaving = [{"member_id": member["member_id"]}]
    assert talk.ask("leave_group", "", group_id="readers", members=leaving)["error_code"] == "NONE"


@pytest.mark.parametrize("sequence", [0, 5])
def test_sequences_of_a_producer_that_is_none_mean_nothing(talk: Talk, sequence: int):
    data = batch(values("one"), talk.now_ms, producer=(-1, -1, sequence))
    talk.ask("produce", "", version=12, **sent("orders", data))
    found = talk.ask("produce", "", version=12, **sent("orders", data))
    assert found["responses"][0]["partition_responses"][0]["error_code"] == "NONE"


def test_an_offset_out_of_range_comes_without_ends(talk: Talk):
    found = talk.ask("fetch", "", version=12, **asked("orders", "0" * 32, 1_000))
    (one,) = found["responses"][0]["partitions"]
    assert (one["error_code"], one["high_watermark"], one["log_start_offset"]) == ("OFFSET_OUT_OF_RANGE", -1, -1)


def test_a_refused_batch_is_told_where_the_log_begins(talk: Talk):
    data = batch(values("one"), talk.now_ms, attributes=1 << 5)
    found = talk.ask("produce", "", version=12, **sent("orders", data))
    (one,) = found["responses"][0]["partition_responses"]
    assert (one["error_code"], one["log_start_offset"]) == ("INVALID_RECORD", 0)


def changing(*changes: dict[str, Any], kind: int = TOPIC) -> dict[str, Any]:
    return {"resources": [{"resource_type": kind, "resource_name": "orders", "configs": changes}]}


CASES: dict[str, tuple[str, int, dict[str, Any], str, Any]] = {
    "coordinator of nothing known": (
        "find_coordinator", 4, {"key_type": 9, "coordinator_keys": ["x"]}, "coordinators.0.error_code",
        "INVALID_REQUEST",
    ),
    "heartbeat without a group": (
        "heartbeat", 4, {"group_id": "", "generation_id": 1, "member_id": "x"}, "error_code", "INVALID_GROUP_ID",
    ),
    "leaving an unknown group": (
        "leave_group", 5, {"group_id": "none", "members": LEAVING}, "members.0.error_code", "UNKNOWN_MEMBER_ID",
    ),
    "a producer id without an epoch": (
        "init_producer_id", 4, {"transactional_id": None, "transaction_timeout": 1, "producer_id": 7}, "error_code",
        "INVALID_REQUEST",
    ),
    "an unknown group, to an older client": (
        "offset_commit", 8,
        {"group_id": "none", "generation_id_or_member_epoch": 3, "member_id": "x", "topics": [
            {"name": "orders", "partitions": [{"partition_index": 0, "committed_metadata": ""}]}]},
        "topics.0.partitions.0.error_code", "ILLEGAL_GENERATION",
    ),
    "the end of a transaction without a name": (
        "end_txn", 4, {"transactional_id": "", "committed": True}, "error_code", "INVALID_REQUEST",
    ),
    "a time that means nothing": (
        "list_offsets", 10,
        {"replica_id": -1, "topics": [{"name": "orders", "partitions": [{"partition_index": 0, "timestamp": -9}]}]},
        "topics.0.partitions.0.error_code", "UNSUPPORTED_VERSION",
    ),
    "what is tiered": (
        "list_offsets", 10,
        {"replica_id": -1, "topics": [{"name": "orders", "partitions": [{"partition_index": 0, "timestamp": -5}]}]},
        "topics.0.partitions.0.offset", -1,
    ),
    "settings of a topic with a bad name": (
        "describe_configs", 4, {"resources": [{"resource_type": TOPIC, "resource_name": "a b"}]},
        "results.0.error_code", "INVALID_TOPIC_EXCEPTION",
    ),
    "partitions of a topic with a bad name": (
        "describe_topic_partitions", 0, {"topics": [{"name": "a b"}], "response_partition_limit": 9},
        "topics.0.error_code", "INVALID_TOPIC_EXCEPTION",
    ),
    "a cursor below 0": (
        "describe_topic_partitions", 0,
        {"topics": [{"name": "orders"}], "response_partition_limit": 9,
         "cursor": {"topic_name": "orders", "partition_index": -1}},
        "topics.0.error_code", "INVALID_REQUEST",
    ),
    "a cursor at another topic": (
        "describe_topic_partitions", 0,
        {"topics": [{"name": "orders"}], "response_partition_limit": 9,
         "cursor": {"topic_name": "others", "partition_index": 0}},
        "topics.0.error_code", "INVALID_REQUEST",
    ),
    "a partition placed twice": (
        "create_topics", 7,
        {"topics": [{"name": "placed", "num_partitions": -1, "replication_factor": -1, "assignments": [
            {"partition_index": 0, "broker_ids": [1]}, {"partition_index": 0, "broker_ids": [1]}]}]},
        "topics.0.error_code", "INVALID_REPLICA_ASSIGNMENT",
    ),
    "settings of a kind that is none": (
        "describe_configs", 4, {"resources": [{"resource_type": 77, "resource_name": "x"}]}, "results.0.error_code",
        "INVALID_REQUEST",
    ),
    "a change of a kind that is none": (
        "incremental_alter_configs", 1, changing({"name": "a", "config_operation": 0, "value": "b"}, kind=77),
        "responses.0", {"resource_type": 77, "resource_name": "orders", "error_code": "INVALID_REQUEST",
                        "error_message": "Unknown resource type 77"},
    ),
    "an operation that is none": (
        "incremental_alter_configs", 1, changing({"name": "retention.ms", "config_operation": 7, "value": "1"}),
        "responses.0.error_code", "UNKNOWN_SERVER_ERROR",
    ),
    "a setting set to null": (
        "incremental_alter_configs", 1, changing({"name": "retention.ms", "config_operation": 0, "value": None}),
        "responses.0.error_message", "Null value not supported for : retention.ms",
    ),
    "a setting named twice": (
        "incremental_alter_configs", 1, changing(*[{"name": "retention.ms", "config_operation": 1, "value": None}] * 2),
        "responses.0.error_message", "Error due to duplicate config keys",
    ),
    "an election that is none": (
        "elect_leaders", 2, {"election_type": 5, "topic_partitions": [{"topic": "orders", "partitions": [0]}]},
        "replica_election_results.0.partition_result.0.error_code", "INVALID_REQUEST",
    ),
    "offsets at an isolation level that is none": (
        "list_offsets", 10,
        {"replica_id": -1, "isolation_level": 7,
         "topics": [{"name": "orders", "partitions": [{"partition_index": 0, "timestamp": -1}]}]},
        "topics.0.partitions.0.error_code", "UNKNOWN_SERVER_ERROR",
    ),
    "a fetch at an isolation level that is none": (
        "fetch", 12, asked("orders", "0" * 32, 0, isolation_level=7), "error_code", "UNKNOWN_SERVER_ERROR",
    ),
    "the port of a coordinator that is none": (
        "find_coordinator", 4, {"key_type": 9, "coordinator_keys": ["x"]}, "coordinators.0.port", -1,
    ),
    "a member in a rack without a name": (
        "consumer_group_heartbeat", 0,
        {"group_id": "racks", "member_id": "one", "rebalance_timeout": 5_000, "subscribed_topic_names": ["orders"],
         "topic_partitions": [], "rack_id": ""}, "error_code", "INVALID_REQUEST",
    ),
    "a client without a name": (
        "api_versions", 3, {"client_software_name": "", "client_software_version": "1"}, "api_keys", [],
    ),
    "all settings anew, one of them null": (
        "alter_configs", 2,
        {"resources": [{"resource_type": TOPIC, "resource_name": "orders", "configs": [
            {"name": "retention.ms", "value": None}]}]},
        "responses.0.error_code", "INVALID_REQUEST",
    ),
    "an unknown type of endpoint": ("describe_cluster", 1, {"endpoint_type": 3}, "error_code",
                                    "UNSUPPORTED_ENDPOINT_TYPE"),
    "a client with spaces in its name": (
        "api_versions", 3, {"client_software_name": "a b", "client_software_version": "1"}, "api_keys", [],
    ),
    "a topic deleted twice at once": (
        "delete_topics", 6, {"topics": [{"name": "orders"}, {"name": "orders"}]}, "responses.0.error_code",
        "INVALID_REQUEST",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_answered_as_kafka_does(talk: Talk, case: str):
    api, version, said, path, wanted = CASES[case]
    found = talk.ask(api, case, version=version, **said)
    for step in path.split("."):
        found = found[int(step)] if step.isdecimal() else found[step]
    assert found == wanted


def test_an_unknown_type_of_endpoint_is_not_repeated(talk: Talk):
    found = talk.ask("describe_cluster", "", version=1, endpoint_type=3)
    assert (found["endpoint_type"], found["cluster_id"]) == (1, "")


def test_a_session_that_has_nothing_left_to_fetch_ends(talk: Talk):
    begun = talk.ask("fetch", "", version=12, **asked("orders", "0" * 32, 0, session_epoch=0))
    known = {"session_id": begun["session_id"], "max_wait": 0, "max_bytes": 1 << 20, "topics": []}
    forgotten = [{"topic": "orders", "partitions": [0]}]
    ended = talk.ask("fetch", "", version=12, **known, session_epoch=1, forgotten_topics_data=forgotten)
    assert (ended["error_code"], ended["session_id"]) == ("NONE", 0)
    gone = talk.ask("fetch", "", version=12, **known, session_epoch=2)
    assert gone["error_code"] == "FETCH_SESSION_ID_NOT_FOUND"


def test_settings_are_all_told_where_none_is_named(talk: Talk):
    one = {"resource_type": TOPIC, "resource_name": "orders", "configuration_keys": []}
    assert len(talk.ask("describe_configs", "", resources=[one])["results"][0]["configs"]) > 20


def test_offsets_of_an_unknown_topic_cannot_be_deleted(talk: Talk):
    one = {"partition_index": 0, "committed_offset": 1, "committed_metadata": ""}
    talk.ask("offset_commit", "", version=9, group_id="simple", generation_id_or_member_epoch=-1,
             topics=[{"name": "orders", "partitions": [one]}])  # fmt: skip
    found = talk.ask("offset_delete", "", group_id="simple", topics=[{"name": "none", "partitions": PARTITION}])
    assert found["topics"][0]["partitions"][0]["error_code"] == "UNKNOWN_TOPIC_OR_PARTITION"
