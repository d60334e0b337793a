"""KafkaJS, from npm."""

import json
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.live.clients.checks import Checks, cluster
from tests.live.clients.client import EAGER, PATIENCE_S, Client
from tests.live.npm import packages

__all__ = ["cluster"]

DRIVER = Path(__file__).parent / "kafkajs" / "driver.js"
SLOWEST_S = 60.0
NO_COOPERATIVE = "has no cooperative assignor"
NO_CONSUMER_PROTOCOL = "has no KIP-848"


@cache
def wanted() -> Path | str:
    return packages("kafkajs@2.2.4", "kafkajs-snappy@1.1.0", "lz4-napi@2.10.0", "@bokuweb/zstd-wasm@0.0.27")


@pytest.fixture(autouse=True, scope="module")
def _packages() -> None:
    found = wanted()
    if isinstance(found, str):
        pytest.skip(found)


class KafkaJS(Client):
    """Its producer, consumer and admin client; each call in a process of its own."""

    name: ClassVar[str] = "KafkaJS"
    lacks: ClassVar[dict[str, str]] = {
        "group[cooperative]": NO_COOPERATIVE, "rebalance[cooperative]": NO_COOPERATIVE,
        "group[consumer]": NO_CONSUMER_PROTOCOL, "rebalance[consumer]": NO_CONSUMER_PROTOCOL,
    }  # fmt: skip

    def _run(self, command: str, **said: object) -> Any:
        found = wanted()
        assert isinstance(found, Path), found
        ran = subprocess.run(
            ("node", str(DRIVER)), input=json.dumps({"command": command, "addresses": self.addresses} | said),
            text=True, capture_output=True, timeout=SLOWEST_S, check=False,
            env=os.environ | {"NODE_PATH": str(found), "KAFKAJS_NO_PARTITIONER_WARNING": "1"},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def topics(self) -> dict[str, int]:
        return self._run("topics")

    def write(
        self, topic: str, values: Sequence[str], *, codec: str = "none", idempotent: bool = False,
        transactions: str = "", abort: bool = False, pause_s: float = 0.0,
    ) -> None:  # fmt: skip
        self._run(
            "write", topic=topic, values=list(values), codec=codec, idempotent=idempotent, transactions=transactions,
            abort=abort, pause_ms=int(pause_s * 1_000),
        )  # fmt: skip

    def read(
        self, topic: str, count: int, *, group: str = "", protocol: str = EAGER, offset: int = 0,
        committed: bool = False, pause_s: float = 0.0, patience_s: float = PATIENCE_S,
    ) -> list[str]:  # fmt: skip
        return self._run(
            "read", topic=topic, count=count, group=group, offset=offset, committed=committed,
            pause_ms=int(pause_s * 1_000), patience_ms=int(patience_s * 1_000),
        )  # fmt: skip

    def create(self, topic: str, partitions: int) -> None:
        self._run("create", topic=topic, partitions=partitions)

    def delete(self, topic: str) -> None:
        self._run("delete", topic=topic)


class TestKafkaJS(Checks):
    """All but what it lacks."""

    kind = KafkaJS
