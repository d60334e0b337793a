"""The checks: what every client goes through with a served cluster. A client's module takes them over as its tests."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.topics import CreateTopic
from lab.cluster.build import image_of
from lab.cluster.spec import ClusterSpec
from lab.cluster.words.groups import coordinator, members
from lab.kafka.protocol.apis import APIS
from lab.kafka.protocol.topics import TopicPartition
from lab.world.digest import digest
from tests.live.clients.client import CONSUMER, COOPERATIVE, EAGER, Client
from tests.live.served import AT_ONCE, Served, replayed, served

QUICK = (
    *AT_ONCE,
    ("broker.session.timeout.ms", "2000"),
    ("broker.heartbeat.interval.ms", "300"),
    ("group.min.session.timeout.ms", "1000"),
)
SPEC = ClusterSpec(brokers=3, broker_config=QUICK)
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
WAIT_S = 30.0
SHARING_S = {EAGER: 2.0, COOPERATIVE: 2.0, CONSUMER: 10.0}
"""So long is written to a shared group. A member of the consumer protocol hears by its heartbeats what it is to give
away, and those are at least 5 s apart.
"""
MEMBERS_S = 5.0
"""So much longer its members stay, however little there is to read."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Served]:
    """One for all checks of a client. What its clients did leads to the same world again."""
    with served(SPEC) as found:
        yield found
    assert digest(found.session.world) == replayed(found.session)


def values(what: str, count: int = 20) -> list[str]:
    return [f"{what} {number}" for number in range(count)]


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def made(cluster: Served, topic: str, partitions: int = 1) -> str:
    """A topic whose partitions all have leaders."""
    cluster.do(CreateTopic(topic, partitions, 3))
    until(lambda: all(leader(cluster, topic, number) for number in range(partitions)), f"{topic} is made")
    return topic


def leader(cluster: Served, topic: str, partition: int = 0) -> str:
    """Who leads it; nobody: ""."""
    state = image_of(cluster.session.world).partition(TopicPartition(topic, partition))
    return f"broker-{state.leader_id}" if state is not None and state.leader_id > 0 else ""


def meanwhile(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.slow
class Checks:
    """To be inherited; `kind` says by which client."""

    kind: type[Client]

    @pytest.fixture
    def client(self, cluster: Served, request: pytest.FixtureRequest) -> Client:
        reason = self.kind.lacks.get(request.node.name.removeprefix("test_"))
        if reason is not None:
            pytest.skip(f"{self.kind.name}: {reason}")
        if CONSUMER in request.node.name and 68 not in APIS:
            pytest.skip("ConsumerGroupHeartbeat is not on the wire yet")
        return self.kind(cluster.addresses)

    def test_metadata(self, client: Client, cluster: Served):
        made(cluster, "metadata", 4)
        assert client.topics()["metadata"] == 4

    @pytest.mark.parametrize("codec", CODECS)
    def test_codec(self, client: Client, cluster: Served, codec: str):
        sent = values(codec * 20)
        client.write(made(cluster, f"codec-{codec}"), sent, codec=codec)
        assert client.read(f"codec-{codec}", len(sent)) == sent

    def test_idempotent(self, client: Client, cluster: Served):
        sent = values("once")
        client.write(made(cluster, "idempotent"), sent, idempotent=True)
        assert client.read("idempotent", len(sent)) == sent

    def test_transactional(self, client: Client, cluster: Served):
        topic = made(cluster, "transactional")
        client.write(topic, values("first"), transactions="shop")
        client.write(topic, values("aborted"), transactions="shop", abort=True)
        client.write(topic, values("last"), transactions="shop")
        assert client.read(topic, 40, committed=True) == values("first") + values("last")
        assert client.read(topic, 60) == values("first") + values("aborted") + values("last")

    @pytest.mark.parametrize("protocol", [EAGER, COOPERATIVE, CONSUMER])
    def test_group(self, client: Client, cluster: Served, protocol: str):
        """Who comes later goes on where the group was."""
        topic, group = made(cluster, f"group-{protocol}"), f"group-of-{protocol}"
        client.write(topic, values("read"))
        assert client.read(topic, 8, group=group, protocol=protocol) == values("read")[:8]
        assert client.read(topic, 12, group=group, protocol=protocol) == values("read")[8:]

    @pytest.mark.parametrize("protocol", [EAGER, COOPERATIVE, CONSUMER])
    def test_rebalance(self, client: Client, cluster: Served, protocol: str):
        """Two members share four partitions while somebody writes to all of them; nothing is left unread."""
        topic, group = made(cluster, f"rebalance-{protocol}", 4), f"rebalance-of-{protocol}"
        got: list[list[str]] = [[], []]
        stay_s = SHARING_S[protocol] + MEMBERS_S

        def member(number: int) -> None:
            got[number] = client.read(topic, 60, group=group, protocol=protocol, patience_s=stay_s)

        first = meanwhile(lambda: member(0))
        second = meanwhile(lambda: member(1))
        until(lambda: members(cluster.session.world, group) == 2, "both are in the group")
        client.write(topic, values("shared", 40), pause_s=SHARING_S[protocol] / 40)
        first.join()
        second.join()
        missing = set(values("shared", 40)) - {one for part in got for one in part}
        assert not missing, missing
        assert all(got), "both have had a share"

    def test_seek(self, client: Client, cluster: Served):
        client.write(made(cluster, "seek"), values("seek"))
        assert client.read("seek", 5, offset=13) == values("seek")[13:18]

    def test_admin(self, client: Client):
        client.create("admin", 5)
        assert client.topics()["admin"] == 5
        client.delete("admin")
        until(lambda: "admin" not in client.topics(), "the topic is gone")

    def test_leader_crash(self, client: Client, cluster: Served):
        """While it writes, the leader crashes, and comes back: all that was acknowledged is there, in its order."""
        topic = made(cluster, "leader-crash")
        sent = values("sent", 60)
        crashed = leader(cluster, topic)
        errors: list[BaseException] = []

        def write() -> None:
            try:
                client.write(topic, sent, idempotent=True, pause_s=0.04)
            except BaseException as wrong:
                errors.append(wrong)

        writing = meanwhile(write)
        time.sleep(1.0)
        cluster.do(Crash(crashed))
        until(lambda: leader(cluster, topic) not in ("", crashed), "another leads")
        cluster.do(Restart(crashed))
        writing.join()
        assert not errors, errors
        assert list(dict.fromkeys(client.read(topic, len(sent)))) == sent

    def test_coordinator_crash(self, client: Client, cluster: Served):
        """While a member reads and commits, its coordinator crashes: nothing is left unread, and the group goes on."""
        topic, group = made(cluster, "coordinator-crash"), "of-a-crash"
        client.write(topic, values("read", 60))
        assert client.read(topic, 1, group=group) == values("read")[:1]
        crashed = str(coordinator(cluster.session.world, group))
        got: list[str] = []
        reading = meanwhile(lambda: got.extend(client.read(topic, 59, group=group, pause_s=0.06)))
        time.sleep(1.5)
        cluster.do(Crash(crashed))
        time.sleep(1.0)
        cluster.do(Restart(crashed))
        reading.join()
        assert set(got) == set(values("read", 60)[1:]), got
        client.write(topic, ["one more"])
        assert "one more" in client.read(topic, 60, group=group, patience_s=4.0)
