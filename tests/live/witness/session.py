"""The script, played to Kafka and to ours."""

import time
from collections.abc import Callable, Iterator, Sequence

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.spec import ClusterSpec
from tests.live.raw import Raw
from tests.live.served import Served, served
from tests.live.witness import kio_messages
from tests.live.witness.apache import apache, rack, told
from tests.live.witness.comparing import Difference, differences
from tests.live.witness.script import failing, frames, groups, migration, records, several, topics, transactions
from tests.live.witness.talk import Cluster, Said, Talk, Versions

Part = Callable[[Talk], None]
PARTS: dict[int, tuple[Part, ...]] = {
    1: (*topics.PARTS, *records.PARTS, *groups.PARTS, *migration.PARTS, *transactions.PARTS, *frames.PARTS),
    3: (*several.PARTS, *failing.PARTS),
}
"""What is played, by the number of brokers."""


class Ours:
    """A served cluster, as a script may handle it."""

    def __init__(self, cluster: Served) -> None:
        self.cluster = cluster
        self.addresses = cluster.addresses

    def crash(self, broker: int) -> None:
        self.cluster.do(Crash(f"broker-{broker}"))

    def start(self, broker: int) -> None:
        self.cluster.do(Restart(f"broker-{broker}"))


def held(address: str) -> Versions:
    """Of each API, the versions that a cluster says it holds."""
    frame = kio_messages.request(
        "api_versions", 3, 1, "witness", {"client_software_name": "a", "client_software_version": "1"}
    )
    with Raw(address) as connection:
        answer = connection.ask(frame)
    assert answer is not None
    found = kio_messages.answer("api_versions", 3, answer)
    names = {key: name for name, key in kio_messages.KEYS.items()}
    return {
        names[one["api_key"]]: (one["min_version"], one["max_version"])
        for one in found["api_keys"]
        if one["api_key"] in names
    }


def common(*ranges: Versions) -> Versions:
    found: Versions = {}
    for api in ranges[0]:
        if all(api in one for one in ranges):
            both = [*(one[api] for one in ranges), kio_messages.versions_known(api)]
            found[api] = max(first for first, _ in both), min(last for _, last in both)
    return found


def play(cluster: Cluster, versions: Versions, now_ms: int, parts: Sequence[Part]) -> list[Said]:
    found: list[Said] = []
    for lowest in (False, True):
        for part in parts:
            talk = Talk(cluster, versions, lowest=lowest, now_ms=now_ms)
            try:
                part(talk)
            finally:
                talk.close()
            found += talk.minutes
    return found


def witness(brokers: int, parts: Sequence[Part] = ()) -> Iterator[tuple[Said, list[Difference]]]:
    """Each row of the script for so many brokers, or of some `parts`, and what differs. Raises Missing."""
    now_ms = time.time_ns() // 1_000_000
    parts = parts or PARTS[brokers]
    racks = tuple(rack(1 + number) for number in range(brokers))
    spec = ClusterSpec(brokers=brokers, racks=racks, broker_config=tuple(told(brokers).items())).checked()
    with served(spec) as found:
        cluster = Ours(found)
        with apache(brokers) as kafka:
            versions = common(held(kafka.addresses), held(cluster.addresses))
            theirs = play(kafka, versions, now_ms, parts)
        ours = play(cluster, versions, now_ms, parts)
    yield from differences(theirs, ours)
