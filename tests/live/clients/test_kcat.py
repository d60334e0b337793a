"""kcat, from Debian: librdkafka behind a command line."""

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from typing import ClassVar

import pytest

from tests.live.clients.checks import Checks, cluster
from tests.live.clients.client import COOPERATIVE, EAGER, PATIENCE_S, Client

__all__ = ["cluster"]

pytestmark = pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed (apt-get install kcat)")
NO_CONSUMER_PROTOCOL = "its librdkafka 2.0 has no KIP-848"
STRATEGIES = {EAGER: "range", COOPERATIVE: "cooperative-sticky"}


class Kcat(Client):
    """Three of its modes: list, produce, consume."""

    name: ClassVar[str] = "kcat"
    lacks: ClassVar[dict[str, str]] = {
        "group[consumer]": NO_CONSUMER_PROTOCOL, "rebalance[consumer]": NO_CONSUMER_PROTOCOL,
        "transactional": "has no command for it", "admin": "has no command for it",
    }  # fmt: skip

    def _run(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ("kcat", "-b", self.addresses, "-X", "client.id=kcat", *arguments), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def topics(self) -> dict[str, int]:
        said, _ = self._run("-L", "-J").communicate(timeout=PATIENCE_S)
        return {one["topic"]: len(one["partitions"]) for one in json.loads(said)["topics"]}

    def write(
        self, topic: str, values: Sequence[str], *, codec: str = "none", idempotent: bool = False,
        transactions: str = "", abort: bool = False, pause_s: float = 0.0,
    ) -> None:  # fmt: skip
        assert not transactions
        partition = ("-K", "|") if pause_s else ("-p", "0")
        kcat = self._run(
            "-P", "-t", topic, *partition, "-z", codec, "-X", f"enable.idempotence={str(idempotent).lower()}",
            "-X", "acks=all",
        )  # fmt: skip
        assert kcat.stdin is not None
        for number, value in enumerate(values):
            kcat.stdin.write(f"{number}|{value}\n" if pause_s else f"{value}\n")
            kcat.stdin.flush()
            time.sleep(pause_s)
        _, errors = kcat.communicate(timeout=PATIENCE_S)
        assert kcat.returncode == 0, errors

    def read(
        self, topic: str, count: int, *, group: str = "", protocol: str = EAGER, offset: int = 0,
        committed: bool = False, pause_s: float = 0.0, patience_s: float = PATIENCE_S,
    ) -> list[str]:  # fmt: skip
        settings = ["-X", f"isolation.level={'read_committed' if committed else 'read_uncommitted'}", "-q", "-u"]
        if group:
            settings += [
                "-X", f"partition.assignment.strategy={STRATEGIES[protocol]}", "-X", "auto.offset.reset=earliest",
                "-X", "auto.commit.interval.ms=200", "-X", "heartbeat.interval.ms=300",
                "-X", "session.timeout.ms=6000", "-c", str(count), "-G", group, topic,
            ]  # fmt: skip
        else:
            settings += ["-C", "-t", topic, "-p", "0", "-o", str(offset), "-c", str(count)]
        kcat = self._run(*settings)
        try:
            said, _ = kcat.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            kcat.terminate()
            said, _ = kcat.communicate(timeout=PATIENCE_S)
        return said.splitlines()

    def create(self, topic: str, partitions: int) -> None:
        raise AssertionError(self.lacks["admin"])

    def delete(self, topic: str) -> None:
        raise AssertionError(self.lacks["admin"])


class TestKcat(Checks):
    """All but what it lacks."""

    kind = Kcat
