"""Share groups (KIP-932) with the Java client, Apache Kafka's own."""

import os
import re
import signal
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.lookup.shares import find_share_partition
from lab.cluster.spec import ClusterSpec
from lab.kafka.protocol.topics import TopicPartition
from lab.world.digest import digest
from tests.live.clients.checks import QUICK, leader, made, values
from tests.live.clients.sharing import Delivered, Refused, ShareConsumer, Talk
from tests.live.clients.test_java import Java
from tests.live.clients.test_java import wanted as of_producers
from tests.live.maven import classpath, jars
from tests.live.served import Served, replayed, served

LOCK_S = 3.0
SPEC = ClusterSpec(
    brokers=3,
    broker_config=(
        *QUICK, ("group.share.heartbeat.interval.ms", "500"), ("group.share.session.timeout.ms", "5000"),
        ("group.share.record.lock.duration.ms", str(int(LOCK_S * 1_000))),
    ),
)  # fmt: skip
EXPLICIT = {"share.acknowledgement.mode": "explicit"}


@cache
def wanted() -> list[Path] | str:
    return jars("org.apache.kafka:kafka-clients:4.2.0", "org.slf4j:slf4j-nop:1.7.36")


@pytest.fixture(autouse=True, scope="module")
def _jars() -> None:
    for found in (wanted(), of_producers()):
        if isinstance(found, str):
            pytest.skip(found)


@pytest.fixture(scope="module")
def cluster(_jars: None) -> Iterator[Served]:
    """One for all checks. What its clients did leads to the same world again."""
    with served(SPEC) as found:
        yield found
    assert digest(found.session.world) == replayed(found.session)


class Group:
    """A topic of one partition, and a group that shares it from its beginning."""

    def __init__(self, cluster: Served, admin: Talk, name: str) -> None:
        self.cluster = cluster
        self.admin = admin
        self.topic = made(cluster, name)
        self.name = f"of-{name}"
        self.members: list[ShareConsumer] = []
        admin.ask("configure", self.name, "share.auto.offset.reset", "earliest")

    def write(self, sent: list[str], pause_s: float = 0.0) -> None:
        Java(self.cluster.addresses).write(self.topic, sent, pause_s=pause_s)

    def member(self, client_id: str, **settings: object) -> ShareConsumer:
        """It subscribes; it joins as soon as it polls."""
        own = settings_of(self.cluster, client_id) | {"group.id": self.name} | settings
        self.members.append(ShareConsumer(of_sharing(), own, self.topic))
        return self.members[-1]

    def start_offset(self) -> int:
        """How far all records are settled, as the leader knows."""
        found = find_share_partition(self.cluster.session.world, self.name, TopicPartition(self.topic, 0))
        return found.in_flight.start_offset if found is not None else -1


def of_sharing() -> str:
    found = wanted()
    assert not isinstance(found, str), found
    return classpath(found)


def settings_of(cluster: Served, client_id: str) -> dict[str, object]:
    return {"bootstrap.servers": cluster.addresses, "client.id": client_id}


@pytest.fixture(scope="module")
def admin(cluster: Served) -> Iterator[Talk]:
    found = Talk(of_sharing(), settings_of(cluster, "admin"))
    yield found
    found.close()


@pytest.fixture
def group(cluster: Served, admin: Talk, request: pytest.FixtureRequest) -> Iterator[Group]:
    found = Group(cluster, admin, request.node.name.removeprefix("test_").replace("_", "-"))
    yield found
    for member in found.members:
        member.kill()


@pytest.mark.slow
class TestJava:
    """Its share consumer and its administrator."""

    def test_share_one_partition(self, group: Group):
        """Two members share one partition: each record goes to one of them, once, and when both have gone all is
        settled.
        """
        first, second = (group.member(name, **{"max.poll.records": 1}) for name in ("first", "second"))
        assert not first.poll()
        assert not second.poll()
        group.write(values("shared", 60), pause_s=0.01)
        got: list[list[Delivered]] = [[], []]
        for _ in range(60):
            if sum(map(len, got)) < 60:
                got[0] += first.poll()
                got[1] += second.poll()
        assert all(got), "both have had a share"
        assert sorted(one.value for part in got for one in part) == sorted(values("shared", 60))
        assert {one.delivery_count for part in got for one in part} == {1}
        first.commit()  # close() says nothing of what the last poll() returned
        second.commit()
        assert group.start_offset() == 60

    def test_share_explicit(self, group: Group):
        """What is released comes again, with a higher count, until it has come five times; what is rejected never."""
        member = group.member("explicit", **EXPLICIT)
        group.write(["good", "later", "bad"])
        good, later, bad = member.poll_until(3)
        member.acknowledge(good, "ACCEPT")
        member.acknowledge(later, "RELEASE")
        member.acknowledge(bad, "REJECT")
        member.commit()
        for count in (2, 3, 4, 5):
            again = member.poll_until(1)
            assert again == [Delivered(later.offset, count, "later")]
            member.acknowledge(again[0], "RELEASE")
            member.commit()
        assert not member.poll(1_000)
        assert group.start_offset() == 3

    def test_share_killed(self, group: Group):
        """Its connection breaks, and another gets at once what it held."""
        group.write(values("held"))
        killed, other = group.member("killed", **EXPLICIT), group.member("other", **EXPLICIT)
        held = killed.poll_until(20)
        assert len(held) == 20
        assert not other.poll()
        began = time.monotonic()
        killed.kill()
        again = other.poll_until(20)
        assert time.monotonic() - began < LOCK_S
        assert again == [Delivered(one.offset, 2, one.value) for one in held]

    def test_share_frozen(self, group: Group):
        """It keeps its connection, and its records until their lock expires; then it has no say in them any more."""
        group.write(values("held"))
        frozen, other = group.member("frozen", **EXPLICIT), group.member("other", **EXPLICIT)
        held = frozen.poll_until(20)
        assert not other.poll(100)
        began = time.monotonic()
        os.kill(frozen.pid, signal.SIGSTOP)
        again = other.poll_until(20)
        waited_s = time.monotonic() - began
        os.kill(frozen.pid, signal.SIGCONT)
        assert LOCK_S - 1.0 < waited_s < LOCK_S + 2.0, waited_s
        assert again == [Delivered(one.offset, 2, one.value) for one in held]
        frozen.acknowledge(held[0], "ACCEPT")
        with pytest.raises(Refused, match="InvalidRecordState"):
            frozen.commit()
        for one in again:
            other.acknowledge(one, "ACCEPT")
        other.commit()
        assert group.start_offset() == 20

    def test_share_leader_crash(self, group: Group, cluster: Served):
        """While it consumes, the leader crashes: all are delivered, and of what was committed nothing again."""
        group.write(values("read", 60), pause_s=0.01)
        member = group.member("steady", **EXPLICIT, **{"max.poll.records": 1})
        got: list[Delivered] = []
        committed: set[int] = set()
        led, crashed = leader(cluster, group.topic), ""
        deadline = time.monotonic() + 40
        while len(committed) < 60 and time.monotonic() < deadline:
            if len(committed) >= 20 and not crashed:
                crashed = led
                cluster.do(Crash(crashed))
            records = member.poll()
            got += records
            assert not committed & {one.offset for one in records}
            for one in records:
                member.acknowledge(one, "ACCEPT")
            try:
                member.commit()
            except Refused:
                continue
            committed |= {one.offset for one in records}
        cluster.do(Restart(crashed))
        assert committed == set(range(60)), set(range(60)) - committed
        assert {one.value for one in got} == set(values("read", 60))
        assert group.start_offset() == 60

    def test_share_admin(self, group: Group):
        """Share groups are listed as such, and described; one without members is deleted."""
        admin = group.admin
        group.write(values("read"))
        member = group.member("worker")
        assert member.poll_until(20)
        assert f"{group.name} Share share Stable" in admin.ask("groups")
        assert admin.ask("describe", group.name) == ["Stable", f"worker /127.0.0.1 [{group.topic}-0]"]
        with pytest.raises(Refused, match="GroupNotEmpty"):
            admin.ask("delete", group.name)
        member.close()
        assert admin.ask("describe", group.name) == ["Empty"]
        admin.ask("delete", group.name)
        assert not [line for line in admin.ask("groups") if group.name in line]

    def test_share_offsets(self, group: Group):
        """Where a group is in its topics is told; and changed and forgotten while nobody is in it. What is told is what
        was stored beside the last acknowledgement, which itself counts from the next one on (as in Kafka).
        """
        admin = group.admin
        member = group.member("worker")
        for count in (20, 20):
            group.write(values("read"))
            assert len(member.poll_until(count)) == count
            member.commit()
        member.close()
        assert told(admin, group) == 20
        admin.ask("alter", group.name, group.topic, 15)
        assert told(admin, group) == 15
        again = group.member("again")
        assert [one.offset for one in again.poll_until(25)] == list(range(15, 40))
        with pytest.raises(Refused, match="GroupNotEmpty"):
            admin.ask("alter", group.name, group.topic, 0)
        again.close()
        admin.ask("forget", group.name, group.topic)
        assert told(admin, group) == -1


def told(admin: Talk, group: Group) -> int:
    """Start offset of the group's only partition; -1: there is none."""
    found = [re.search(r"ffset=(\d+)", line) for line in admin.ask("offsets", group.name)]
    assert len(found) <= 1
    return int(found[0][1]) if found and found[0] is not None else -1
