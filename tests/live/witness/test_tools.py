"""Apache Kafka's own command-line tools, each doing its work on a served cluster of ours."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.served import Served, served
from tests.live.witness.apache import java

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("kafka")]
TOOLS = "org.apache.kafka.tools."
TOPICS, CONFIGS = TOOLS + "TopicCommand", "kafka.admin.ConfigCommand"
GROUPS = TOOLS + "consumer.group.ConsumerGroupCommand"
PRODUCER, CONSUMER = TOOLS + "ConsoleProducer", TOOLS + "consumer.ConsoleConsumer"
REASSIGN, TRANSACTIONS = TOOLS + "reassign.ReassignPartitionsCommand", TOOLS + "TransactionsCommand"
QUORUM = TOOLS + "MetadataQuorumCommand"
WORDS = ("one", "two", "three", "four", "five")

Run = Callable[..., str]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Served]:
    with served() as found:
        yield found


@pytest.fixture
def run(cluster: Served) -> Run:
    """Runs a tool to its end, and returns what it says."""

    def to_its_end(main: str, *arguments: str, said: str = "", where: bool = True) -> str:
        server = ("--bootstrap-server", cluster.addresses) if where else ()
        found = java(main, *server, *arguments, said=said)
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout

    return to_its_end


def created(run: Run, topic: str, partitions: int = 1) -> str:
    run(TOPICS, "--create", "--topic", topic, "--partitions", str(partitions), "--replication-factor", "3")
    return topic


def filled(run: Run, topic: str) -> str:
    run(PRODUCER, "--topic", created(run, topic), said="".join(f"{word}\n" for word in WORDS))
    return topic


def plan(folder: Path, topic: str, **more: object) -> str:
    """A file that names the first partition of a topic."""
    path = folder / "plan.json"
    path.write_text(json.dumps({"version": 1, "partitions": [{"topic": topic, "partition": 0, **more}]}))
    return str(path)


def test_kafka_topics(run: Run):
    created(run, "made", 2)
    assert "made" in run(TOPICS, "--list").split()
    run(TOPICS, "--alter", "--topic", "made", "--partitions", "3")
    described = run(TOPICS, "--describe", "--topic", "made")
    assert "PartitionCount: 3\tReplicationFactor: 3" in described
    assert len(re.findall(r"Partition: \d\tLeader: [123]\t", described)) == 3
    run(TOPICS, "--delete", "--topic", "made")
    assert "made" not in run(TOPICS, "--list").split()


def test_kafka_configs(run: Run):
    topic = ("--entity-type", "topics", "--entity-name", created(run, "set"))
    run(CONFIGS, "--alter", *topic, "--add-config", "retention.ms=60000")
    assert "retention.ms=60000" in run(CONFIGS, "--describe", *topic)
    run(CONFIGS, "--alter", *topic, "--delete-config", "retention.ms")
    assert "retention.ms" not in run(CONFIGS, "--describe", *topic)
    broker = ("--entity-type", "brokers", "--entity-name", "1")
    run(CONFIGS, "--alter", *broker, "--add-config", "log.cleaner.backoff.ms=20000")
    assert "log.cleaner.backoff.ms=20000" in run(CONFIGS, "--describe", *broker)


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_the_console_producer_the_console_consumer_and_its_group(run: Run, protocol: str):
    topic, group = filled(run, f"read-{protocol}"), f"readers-{protocol}"
    found = run(CONSUMER, "--topic", topic, "--from-beginning", "--max-messages", "5", "--timeout-ms", "20000",
                "--group", group, "--consumer-property", f"group.protocol={protocol}")  # fmt: skip
    assert tuple(found.split()) == WORDS
    described = run(GROUPS, "--describe", "--group", group)
    assert re.search(rf"{group} +{topic} +0 +5 +5 +0", described)
    run(GROUPS, "--group", group, "--topic", topic, "--reset-offsets", "--to-offset", "2", "--execute")
    assert re.search(rf"{group} +{topic} +0 +2 +5 +3", run(GROUPS, "--describe", "--group", group))
    assert re.search(rf"{group} +Empty", run(GROUPS, "--list", "--state"))
    run(GROUPS, "--delete", "--group", group)
    assert group not in run(GROUPS, "--list").split()


def test_kafka_get_offsets_and_delete_records(run: Run, tmp_path: Path):
    topic = filled(run, "counted")
    assert f"{topic}:0:5" in run(TOOLS + "GetOffsetShell", "--topic", topic)
    said = run(TOOLS + "DeleteRecordsCommand", "--offset-json-file", plan(tmp_path, topic, offset=2))
    assert f"partition: {topic}-0\tlow_watermark: 2" in said
    assert f"{topic}:0:2" in run(TOOLS + "GetOffsetShell", "--topic", topic, "--time", "earliest")


def test_kafka_log_dirs(run: Run):
    said = run(TOOLS + "LogDirsCommand", "--describe", "--topic-list", filled(run, "stored"))
    found = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    sizes = [one["size"] for broker in found["brokers"] for one in broker["logDirs"][0]["partitions"]]
    assert len(sizes) == 3
    assert min(sizes) > 0


def test_kafka_reassign_partitions_and_leader_election(run: Run, tmp_path: Path):
    topic = filled(run, "moved")
    moving = plan(tmp_path, topic, replicas=[3, 1])
    run(REASSIGN, "--execute", "--reassignment-json-file", moving)
    assert f"{topic}-0 is" in run(REASSIGN, "--verify", "--reassignment-json-file", moving)
    said = run(TOOLS + "LeaderElectionCommand", "--election-type", "preferred",
               "--path-to-json-file", plan(tmp_path, topic))  # fmt: skip
    assert f"{topic}-0" in said
    assert "Leader: 3\tReplicas: 3,1" in run(TOPICS, "--describe", "--topic", topic)


def test_kafka_metadata_quorum_and_kafka_cluster(run: Run, cluster: Served):
    assert re.search(r"LeaderId: +0\n", run(QUORUM, "describe", "--status"))
    assert run(QUORUM, "describe", "--replication").count("Observer") == 3
    said = run(TOOLS + "ClusterTool", "cluster-id", "--bootstrap-server", cluster.addresses, where=False)
    assert "Cluster ID: lab" in said


def test_kafka_transactions(run: Run):
    topic = filled(run, "idempotent")
    assert run(TRANSACTIONS, "list").startswith("TransactionalId\tCoordinator")
    said = run(TRANSACTIONS, "describe-producers", "--topic", topic, "--partition", "0")
    assert len(said.splitlines()) == 2  # the console's producer is idempotent


def test_kafka_features_and_broker_api_versions(run: Run):
    assert "transaction.version" in run(TOOLS + "FeatureCommand", "describe")
    said = run(TOOLS + "BrokerApiVersionsCommand")
    assert "Produce(0): 0 to 13 [usable: 12]" in said


def test_the_performance_tools(run: Run, cluster: Served):
    topic = created(run, "fast")
    server = f"bootstrap.servers={cluster.addresses}"
    said = run(TOOLS + "ProducerPerformance", "--topic", topic, "--num-records", "2000", "--record-size", "100",
               "--throughput", "-1", "--producer-props", server, where=False)  # fmt: skip
    assert said.startswith("2000 records sent")
    said = run(TOOLS + "ConsumerPerformance", "--topic", topic, "--messages", "2000")
    assert said.splitlines()[-1].split(", ")[4] == "2000"
    said = run(TOOLS + "VerifiableProducer", "--topic", topic, "--max-messages", "5")
    assert '"sent":5,"acked":5' in said
    said = run(TOOLS + "EndToEndLatency", cluster.addresses, topic, "5", "all", "100", where=False)
    assert "Avg latency" in said
