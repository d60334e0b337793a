"""Sharing: the Java client's share consumers and administrator, each a process that is told line by line what to do."""

import queue
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SOURCE = Path(__file__).parent / "java" / "Sharing.java"
PATIENCE_S = 40.0


class Refused(Exception):
    """What Java raised, by the name of its class, and what it said."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A record that poll() returned."""

    offset: int
    delivery_count: int
    value: str


class Talk:
    """A conversation with one process: an administrator, or a consumer that subscribes to a topic."""

    def __init__(self, classpath: str, settings: dict[str, object], topic: str = "") -> None:
        self._process = subprocess.Popen(
            (
                "java", "-XX:TieredStopAtLevel=1", "-cp", classpath, str(SOURCE), topic,
                *(f"{key}={value}" for key, value in settings.items()),
            ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._ears: IO[str] = self._process.stdin
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, args=(self._process.stdout,))
        self._listener.start()

    def _listen(self, said: IO[str]) -> None:
        for line in said:
            self._lines.put(line.rstrip("\n"))
        self._lines.put("! Ended: the process is gone")

    def tell(self, *words: object) -> None:
        """Ask it to do something, and do not wait."""
        self._ears.write(" ".join(str(word) for word in words) + "\n")

    def heard(self) -> list[str]:
        """What it answers to the next of what it was told. Raises Refused."""
        found: list[str] = []
        while (line := self._lines.get(timeout=PATIENCE_S)) != ".":
            if line.startswith("! "):
                raise Refused(line[2:])
            found.append(line)
        return found

    def ask(self, *words: object) -> list[str]:
        """Both."""
        self.tell(*words)
        return self.heard()

    @property
    def pid(self) -> int:
        """To stop it where it stands."""
        return self._process.pid

    def close(self) -> None:
        """As an application closes its client."""
        self._ears.close()
        self._end()

    def kill(self) -> None:
        """It has no time to say anything."""
        self._process.kill()
        self._ears.close()
        self._end()

    def _end(self) -> None:
        self._process.wait(PATIENCE_S)
        self._listener.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


class ShareConsumer(Talk):
    """KafkaShareConsumer."""

    def poll(self, ms: int = 500) -> list[Delivered]:
        """One call of it."""
        return [_delivered(line) for line in self.ask("poll", ms)]

    def poll_until(self, count: int, polls: int = 40) -> list[Delivered]:
        """So many records, or all that come in so many calls. Whoever is implicit accepts all but the last call's."""
        found: list[Delivered] = []
        for _ in range(polls):
            found += self.poll()
            if len(found) >= count:
                break
        return found

    def acknowledge(self, record: Delivered, kind: str) -> None:
        """ACCEPT, RELEASE or REJECT: said with the next poll() or commit()."""
        self.ask("acknowledge", record.offset, kind)

    def commit(self) -> None:
        """commitSync(). Raises Refused if one partition's acknowledgements were."""
        self.ask("commit")


def _delivered(line: str) -> Delivered:
    offset, count, value = line.split(" ", 2)
    return Delivered(int(offset), int(count), value)
