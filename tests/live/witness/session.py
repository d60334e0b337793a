"""The script, played to Kafka and to ours."""

import time
from collections.abc import Iterator

from lab.cluster.session import Session
from lab.cluster.spec import ClusterSpec
from tests.live.raw import Raw
from tests.live.served import Served
from tests.live.witness import kio_messages
from tests.live.witness.apache import SMALL, apache
from tests.live.witness.comparing import Difference, differences
from tests.live.witness.script import frames, groups, records, topics, transactions
from tests.live.witness.talk import Said, Talk, Versions

PARTS = (*topics.PARTS, *records.PARTS, *groups.PARTS, *transactions.PARTS, *frames.PARTS)


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


def play(address: str, versions: Versions, now_ms: int, parts=PARTS) -> list[Said]:
    found: list[Said] = []
    for lowest in (False, True):
        for part in parts:
            talk = Talk(address, versions, lowest=lowest, now_ms=now_ms)
            try:
                part(talk)
            finally:
                talk.close()
            found += talk.minutes
    return found


def witness(parts=PARTS) -> Iterator[tuple[Said, list[Difference]]]:
    """Each row of the script, and what differs. Raises Missing."""
    now_ms = time.time_ns() // 1_000_000
    cluster = Served(Session(ClusterSpec(brokers=1, broker_config=tuple(SMALL.items())).checked(), "Server"))
    try:
        with apache() as address:
            versions = common(held(address), held(cluster.addresses))
            theirs = play(address, versions, now_ms, parts)
        ours = play(cluster.addresses, versions, now_ms, parts)
    finally:
        cluster.stop()
    yield from differences(theirs, ours)
