"""Talk: one client's session with one cluster, and a minute of what was asked and answered."""

import time
from dataclasses import dataclass
from typing import Any, Protocol

from tests.live.raw import Raw
from tests.live.witness import kio_messages
from tests.live.witness.batches import heads

PATIENCE_S = 20
CLIENT_ID = "witness"
CLOSED = {"connection": "closed"}
SILENT = {"connection": "open, and no answer"}
PASSING = {
    "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR", "CONCURRENT_TRANSACTIONS",
    "LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_ID", "NOT_LEADER_OR_FOLLOWER",
    "REBALANCE_IN_PROGRESS",
}  # fmt: skip
Versions = dict[str, tuple[int, int]]


class Cluster(Protocol):
    """What a script does to a cluster besides asking it. Brokers are numbered from 1 on."""

    @property
    def addresses(self) -> str: ...

    def crash(self, broker: int, /) -> None: ...

    def start(self, broker: int, /) -> None: ...


@dataclass(frozen=True)
class Said:
    """A request, named by its API and its case, and the answer to it."""

    api: str
    case: str
    version: int
    answer: dict[str, Any]


class Talk:
    """Speaks to the first broker, where no other is named (`at`). `versions`: of each API, the range that both clusters
    hold.
    """

    def __init__(self, cluster: Cluster, versions: Versions, *, lowest: bool, now_ms: int) -> None:
        self.cluster = cluster
        self.versions = versions
        self.lowest = lowest
        self.now_ms = now_ms
        self.minutes: list[Said] = []
        self._connections: dict[int, Raw] = {}
        self._number = 0

    def name(self, word: str) -> str:
        """Names of the one run are not those of the other, which is with the same clusters."""
        return f"{word}-{'lowest' if self.lowest else 'highest'}"

    def ask(
        self,
        api: str,
        case: str,
        /,
        *,
        at: int = 1,
        version: int | None = None,
        patience_s: float = PATIENCE_S,
        **said: Any,
    ) -> Any:
        """Ask, and note it in the minutes."""
        used = self._version(api) if version is None else version
        answer = self._exchange(at, api, used, said, patience_s)
        self.minutes.append(Said(api, case, used, answer))
        return answer

    def settled(self, api: str, case: str, /, *, at: int = 1, **said: Any) -> Any:
        """Ask until nothing in the answer is about to pass: brokers hear of changes a moment later."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self._exchange(at, api, self._version(api), said, PATIENCE_S)
            if not passing(answer) or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        if case:
            self.minutes.append(Said(api, case, self._version(api), answer))
        return answer

    def quietly(self, api: str, /, *, at: int = 1, **said: Any) -> Any:
        return self._exchange(at, api, self._version(api, highest=True), said, PATIENCE_S)

    def frame(self, case: str, data: bytes, patience_s: float = 3) -> None:
        """Bytes as they are, over a connection of their own; of an answer only the first two fields are looked at."""
        with Raw(self.cluster.addresses) as connection:
            connection.tcp.settimeout(patience_s)
            try:
                connection.tcp.sendall(data)
                found = connection.answer()
            except TimeoutError:
                self.minutes.append(Said("frames", case, 0, SILENT))
            except ConnectionError:
                self.minutes.append(Said("frames", case, 0, CLOSED))
            else:
                answer = CLOSED if found is None else {"answer": found[:6].hex(" ")}
                self.minutes.append(Said("frames", case, 0, answer))

    def close(self) -> None:
        for at in tuple(self._connections):
            self._hang_up(at)

    def _hang_up(self, at: int) -> None:
        self._connections.pop(at).tcp.close()

    def _version(self, api: str, *, highest: bool = False) -> int:
        return self.versions[api][0 if self.lowest and not highest else 1]

    def _exchange(self, at: int, api: str, version: int, said: dict[str, Any], patience_s: float) -> dict[str, Any]:
        self._number += 1
        frame = kio_messages.request(api, version, self._number, CLIENT_ID, said)
        if at not in self._connections:
            try:
                self._connections[at] = Raw(self.cluster.addresses, at - 1)
            except ConnectionRefusedError:
                return CLOSED
        connection = self._connections[at]
        connection.tcp.settimeout(patience_s)
        try:
            found = connection.ask(frame)
        except TimeoutError:
            self._hang_up(at)
            return SILENT
        except ConnectionError:
            found = None
        if found is None:
            self._hang_up(at)
            return CLOSED
        assert int.from_bytes(found[:4], "big") == self._number
        # An ApiVersions that is not known is answered in version 0, whatever was asked.
        known = api != "api_versions" or version <= self.versions.get(api, (0, 4))[1]
        return _with_heads(kio_messages.answer(api, version if known else 0, found))


def passing(answer: Any) -> bool:
    if isinstance(answer, dict):
        return answer.get("error_code") in PASSING or any(passing(one) for one in answer.values())
    return isinstance(answer, list) and any(passing(one) for one in answer)


def _with_heads(answer: Any) -> Any:
    """Records are compared by the heads of their batches."""
    if isinstance(answer, dict):
        return {
            name: heads(bytes(one)) if name == "records" and one is not None else _with_heads(one)
            for name, one in answer.items()
        }
    return [_with_heads(one) for one in answer] if isinstance(answer, list) else answer
