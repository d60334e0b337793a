"""Topics: made, looked at, enlarged, deleted; their settings; the cluster they are in."""

from typing import Any
from uuid import UUID

from tests.live.witness.talk import CLIENT_ID, Talk

NO_ID = "00000000-0000-0000-0000-000000000000"
TOPIC, BROKER, LOGGER, GROUP = 2, 4, 8, 32
SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3


def topic(name: str, partitions: int = 1, factor: int = 1, **configs: str | None) -> dict[str, Any]:
    told = [{"name": key.replace("_", "."), "value": value} for key, value in configs.items()]
    return {"name": name, "num_partitions": partitions, "replication_factor": factor, "configs": told}


def make(talk: Talk, name: str, partitions: int = 1, **configs: str) -> str:
    """A topic that everybody knows of; its id."""
    talk.quietly("create_topics", topics=[topic(name, partitions, 1, **configs)], timeout=5_000)
    found = look(talk, name)
    ends = [{"partition_index": one, "timestamp": -1} for one in range(partitions)]
    talk.settled("list_offsets", "", replica_id=-1, topics=[{"name": name, "partitions": ends}])
    return found


def look(talk: Talk, name: str) -> Any:
    for _ in range(50):
        found = talk.settled("metadata", "", topics=[{"name": name}], allow_auto_topic_creation=False)
        if found["topics"][0]["error_code"] == "NONE":
            break
    return talk.quietly("metadata", topics=[{"name": name}], allow_auto_topic_creation=False)["topics"][0]["topic_id"]


def api_versions(talk: Talk) -> None:
    who: dict[str, Any] = {"client_software_name": CLIENT_ID, "client_software_version": "1"}
    talk.ask("api_versions", "who says who it is", **who)
    talk.ask("api_versions", "a name with a space", client_software_name="a b", client_software_version="1")
    talk.ask("api_versions", "no name", client_software_name="", client_software_version="")


def create_topics(talk: Talk) -> None:
    orders = talk.name("made")

    def create(case: str, *topics: dict[str, Any], **more: Any) -> None:
        talk.ask("create_topics", case, topics=topics, timeout=5_000, **more)

    create("validate_only", topic(talk.name("only-validated"), 2), validate_only=True)
    create("a good one", topic(orders, 3, retention_ms="60000", cleanup_policy="compact"))
    look(talk, orders)
    create("one that exists", topic(orders, 3))
    create("defaults", topic(talk.name("defaults"), -1, -1))
    create("a bad name", topic("a b"))
    create("a dot and underscores", topic(f"{talk.name('a')}_b"), topic(f"{talk.name('a')}.b"))
    create("an empty name", topic(""))
    create("a name of 250 letters", topic("x" * 250))
    create("no partitions", topic(talk.name("none"), 0))
    create("-2 partitions", topic(talk.name("none"), -2))
    create("a replication factor of 2 with one broker", topic(talk.name("none"), 1, 2))
    create("a replication factor of 0", topic(talk.name("none"), 1, 0))
    create("an unknown setting", topic(talk.name("none"), no_such_setting="1"))
    create("a setting with a bad value", topic(talk.name("none"), retention_ms="long"))
    create("a setting out of range", topic(talk.name("none"), min_insync_replicas="0"))
    create("a setting without a value", topic(talk.name("none"), retention_ms=None))
    create("a policy that is none", topic(talk.name("none"), cleanup_policy="shred"))
    create("the same name twice", topic(talk.name("twice")), topic(talk.name("twice")))
    create("two, of which one is bad", topic(talk.name("good")), topic(orders))
    create("no topics")
    assigned = {
        "assignments": [{"partition_index": 0, "broker_ids": [1]}],
        "num_partitions": -1,
        "replication_factor": -1,
    }
    create("an assignment", {**topic(talk.name("assigned")), **assigned})
    create(
        "an assignment and a number of partitions",
        {**topic(talk.name("none"), 3), "assignments": assigned["assignments"]},
    )
    for case, placed in (
        ("an unknown broker", [{"partition_index": 0, "broker_ids": [9]}]),
        ("a broker twice", [{"partition_index": 0, "broker_ids": [1, 1]}]),
        ("a gap", [{"partition_index": 1, "broker_ids": [1]}]),
        ("nobody", [{"partition_index": 0, "broker_ids": []}]),
    ):
        create(f"an assignment to {case}", {**topic(talk.name("none")), **assigned, "assignments": placed})


def metadata(talk: Talk) -> None:
    name = talk.name("looked-at")
    known = make(talk, name, 2)
    for case, topics in (
        ("one topic", [{"name": name}]),
        ("no topics", []),
        ("an unknown topic", [{"name": talk.name("nobody")}]),
        ("a bad name", [{"name": "a b"}]),
        ("an empty name", [{"name": ""}]),
        ("two topics, one unknown", [{"name": name}, {"name": talk.name("nobody-else")}]),
    ):
        talk.ask("metadata", case, topics=topics, allow_auto_topic_creation=False)
    if not talk.lowest:
        talk.ask("metadata", "all topics", topics=None, allow_auto_topic_creation=False)
        talk.ask("metadata", "by id", topics=[{"topic_id": UUID(known), "name": None}], allow_auto_topic_creation=False)
        other = {"topic_id": UUID("00000000-0000-0000-0000-0000000000ff"), "name": None}
        talk.ask("metadata", "by an unknown id", topics=[other], allow_auto_topic_creation=False)
        talk.ask("metadata", "what one may do", topics=[{"name": name}], include_topic_authorized_operations=True,
                 allow_auto_topic_creation=False)  # fmt: skip
        talk.ask("metadata", "one that may be made", topics=[{"name": talk.name("by-itself")}],
                 allow_auto_topic_creation=True)  # fmt: skip
        talk.settled("metadata", "one that has been made", topics=[{"name": talk.name("by-itself")}],
                     allow_auto_topic_creation=True)  # fmt: skip


def create_partitions(talk: Talk) -> None:
    name = talk.name("enlarged")
    make(talk, name, 2)

    def enlarge(case: str, count: int, topic: str = name, **more: Any) -> None:
        wanted = {"name": topic, "count": count, "assignments": more.pop("assignments", None)}
        talk.ask("create_partitions", case, topics=[wanted], timeout=5_000, **more)

    enlarge("validate_only", 4, validate_only=True)
    enlarge("from 2 to 3", 3)
    enlarge("as many as there are", 3)
    enlarge("fewer", 1)
    enlarge("none", 0)
    enlarge("-1", -1)
    enlarge("an unknown topic", 3, talk.name("nobody"))
    enlarge("an assignment to an unknown broker", 4, assignments=[{"broker_ids": [9]}])
    enlarge("an assignment of too few", 5, assignments=[{"broker_ids": [1]}])
    enlarge("an assignment", 4, assignments=[{"broker_ids": [1]}])


def delete_topics(talk: Talk) -> None:
    name = talk.name("deleted")
    known = make(talk, name)

    def delete(case: str, *names: str) -> None:
        talk.ask("delete_topics", case, topics=[{"name": one} for one in names], topic_names=names, timeout=5_000)

    delete("an unknown one", talk.name("nobody"))
    delete("a good one", name)
    delete("one that is gone", name)
    delete("none")
    if not talk.lowest:
        unknown = {"topic_id": UUID(known), "name": None}
        talk.ask("delete_topics", "by an id that is gone", topics=[unknown], timeout=5_000)
        make(talk, talk.name("twice-deleted"))
        talk.ask(
            "delete_topics", "the same one twice", topics=[{"name": talk.name("twice-deleted")}] * 2, timeout=5_000
        )


def describe_configs(talk: Talk) -> None:
    name = talk.name("described")
    make(talk, name, retention_ms="60000")

    def describe(case: str, kind: int, resource: str, keys: list[str] | None = None, **more: Any) -> None:
        one = {"resource_type": kind, "resource_name": resource, "configuration_keys": keys}
        talk.ask("describe_configs", case, resources=[one], **more)

    describe("two settings of a topic", TOPIC, name, ["retention.ms", "cleanup.policy"])
    describe("with synonyms", TOPIC, name, ["retention.ms", "segment.bytes"], include_synonyms=True)
    describe("all of a topic", TOPIC, name)
    describe("an unknown setting", TOPIC, name, ["no.such.setting"])
    describe("no settings", TOPIC, name, [])
    describe("an unknown topic", TOPIC, talk.name("nobody"))
    describe("a topic with a bad name", TOPIC, "a b")
    describe("two settings of a broker", BROKER, "1", ["log.retention.ms", "num.io.threads", "broker.id"])
    describe("the defaults of brokers", BROKER, "", ["log.retention.ms"])
    describe("an unknown broker", BROKER, "9")
    describe("a broker that is no number", BROKER, "one")
    describe("an unknown kind", 77, "x")
    if not talk.lowest:
        describe("with documentation", TOPIC, name, ["retention.ms"], include_documentation=True)
        describe("a group", GROUP, "some-group", ["consumer.session.timeout.ms"])


def alter_configs(talk: Talk) -> None:
    name = talk.name("altered")
    make(talk, name)

    def alter(case: str, kind: int, resource: str, *configs: tuple[str, int, str | None], **more: Any) -> None:
        told = [{"name": key, "config_operation": operation, "value": value} for key, operation, value in configs]
        one = {"resource_type": kind, "resource_name": resource, "configs": told}
        talk.ask("incremental_alter_configs", case, resources=[one], **more)

    alter("validate_only", TOPIC, name, ("retention.ms", SET, "1"), validate_only=True)
    alter("a good one", TOPIC, name, ("retention.ms", SET, "70000"))
    alter("an unknown setting", TOPIC, name, ("no.such", SET, "1"))
    alter("a bad value", TOPIC, name, ("retention.ms", SET, "long"))
    alter("out of range", TOPIC, name, ("min.insync.replicas", SET, "0"))
    alter("no value", TOPIC, name, ("retention.ms", SET, None))
    alter("to append to a list", TOPIC, name, ("cleanup.policy", APPEND, "compact"))
    alter("to append what is no policy", TOPIC, name, ("cleanup.policy", APPEND, "shred"))
    alter("to subtract from a list", TOPIC, name, ("cleanup.policy", SUBTRACT, "compact"))
    alter("to append to a number", TOPIC, name, ("retention.ms", APPEND, "1"))
    alter("an unknown operation", TOPIC, name, ("retention.ms", 7, "1"))
    alter("the same setting twice", TOPIC, name, ("retention.ms", SET, "1"), ("retention.ms", SET, "2"))
    alter("to delete", TOPIC, name, ("retention.ms", DELETE, None))
    alter("to delete what is not set", TOPIC, name, ("retention.bytes", DELETE, None))
    alter("an unknown topic", TOPIC, talk.name("nobody"), ("retention.ms", SET, "1"))
    alter("no settings", TOPIC, name)
    alter("one of a broker", BROKER, "1", ("log.cleaner.backoff.ms", SET, "20000"))
    alter("read-only", BROKER, "1", ("num.partitions", SET, "2"))
    alter("an unknown one of a broker", BROKER, "1", ("no.such", SET, "2"))
    alter("an unknown broker", BROKER, "9", ("log.cleaner.backoff.ms", SET, "2"))
    alter("a broker that is no number", BROKER, "one", ("log.cleaner.backoff.ms", SET, "2"))
    alter("one of all brokers", BROKER, "", ("log.cleaner.backoff.ms", SET, "20000"))
    alter("back to the file", BROKER, "", ("log.cleaner.backoff.ms", DELETE, None))
    alter("back to the file, of one", BROKER, "1", ("log.cleaner.backoff.ms", DELETE, None))
    alter("one of a group", GROUP, talk.name("group"), ("consumer.session.timeout.ms", SET, "50000"))
    alter("one of a group, too small", GROUP, talk.name("group"), ("consumer.session.timeout.ms", SET, "1"))
    alter("an unknown one of a group", GROUP, talk.name("group"), ("no.such", SET, "1"))
    alter("an unknown kind", 77, "x", ("a", SET, "b"))

    def replace(case: str, kind: int, resource: str, *configs: tuple[str, str | None]) -> None:
        told = [{"name": key, "value": value} for key, value in configs]
        talk.ask("alter_configs", case, resources=[{"resource_type": kind, "resource_name": resource, "configs": told}])

    replace("a good one", TOPIC, name, ("retention.ms", "80000"))
    replace("an unknown setting", TOPIC, name, ("no.such", "1"))
    replace("a bad value", TOPIC, name, ("retention.ms", "long"))
    replace("no value", TOPIC, name, ("retention.ms", None))
    replace("nothing: all defaults", TOPIC, name)
    replace("an unknown topic", TOPIC, talk.name("nobody"), ("retention.ms", "1"))


def cluster(talk: Talk) -> None:
    name = talk.name("placed")
    make(talk, name, 2)
    talk.ask("describe_cluster", "brokers", endpoint_type=1)
    if not talk.lowest:
        talk.ask("describe_cluster", "what one may do", endpoint_type=1, include_cluster_authorized_operations=True)
        talk.ask("describe_cluster", "an unknown kind of endpoint", endpoint_type=3)
    talk.ask("describe_log_dirs", "a topic", topics=[{"topic": name, "partitions": [0, 1]}])
    talk.ask("describe_log_dirs", "an unknown topic", topics=[{"topic": talk.name("nobody"), "partitions": [0]}])
    quorum = [{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]
    talk.ask("describe_quorum", "the metadata log", topics=quorum)
    talk.ask("describe_quorum", "another topic", topics=[{"topic_name": name, "partitions": [{"partition_index": 0}]}])
    for case, kind, named in (
        ("preferred, which leads", 0, [{"topic": name, "partitions": [0]}]),
        ("unclean, where there is a leader", 1, [{"topic": name, "partitions": [0]}]),
        ("an unknown topic", 0, [{"topic": talk.name("nobody"), "partitions": [0]}]),
        ("an unknown partition", 0, [{"topic": name, "partitions": [7]}]),
        ("an unknown kind", 5, [{"topic": name, "partitions": [0]}]),
    ):
        talk.ask("elect_leaders", case, election_type=kind, topic_partitions=named, timeout=5_000)
    talk.ask("elect_leaders", "all partitions", election_type=0, topic_partitions=None, timeout=5_000)
    for case, topic, index, replicas in (
        ("to where it is", name, 0, [1]),
        ("to an unknown broker", name, 0, [9]),
        ("to nobody", name, 0, []),
        ("to a broker twice", name, 0, [1, 1]),
        ("to cancel what is not under way", name, 0, None),
        ("an unknown partition", name, 7, [1]),
        ("an unknown topic", talk.name("nobody"), 0, [1]),
    ):
        wanted = [{"name": topic, "partitions": [{"partition_index": index, "replicas": replicas}]}]
        talk.ask("alter_partition_reassignments", case, topics=wanted, timeout=5_000)
    talk.ask("list_partition_reassignments", "all", topics=None, timeout=5_000)
    talk.ask("list_partition_reassignments", "one", topics=[{"name": name, "partition_indexes": [0]}], timeout=5_000)
    ask = "describe_topic_partitions"
    talk.ask(ask, "a topic", topics=[{"name": name}], response_partition_limit=100)
    talk.ask(ask, "one partition at most", topics=[{"name": name}], response_partition_limit=1)
    onward = {"topic_name": name, "partition_index": 1}
    talk.ask(ask, "from a cursor on", topics=[{"name": name}], response_partition_limit=100, cursor=onward)
    talk.ask(ask, "an unknown topic", topics=[{"name": talk.name("nobody")}], response_partition_limit=100)
    talk.ask(ask, "a bad name", topics=[{"name": "a b"}], response_partition_limit=100)
    beyond = {"topic_name": name, "partition_index": -1}
    talk.ask(ask, "a cursor below 0", topics=[{"name": name}], response_partition_limit=100, cursor=beyond)


PARTS = (
    api_versions,
    create_topics,
    metadata,
    create_partitions,
    delete_topics,
    describe_configs,
    alter_configs,
    cluster,
)
