"""Serving: `lab serve` from its options to its end, in the terminal."""

import sys
from pathlib import Path

from lab.cluster.refused import Refused
from lab.cluster.session import Session
from lab.cluster.spec import ClusterSpec
from lab.disks.data_folder import DataFolder
from lab.live.server import Server
from lab.live.unrecorded import Unrecorded

Settings = tuple[tuple[str, str], ...]


def serve(
    brokers: int | None, host: str, port: int, settings: Settings, *, record: bool, folder: Path | None
) -> int:  # fmt: skip
    """Serve until a signal ends it. Returns the exit code. Raises Refused."""
    if folder is None and record:
        return _run(Session(_spec(brokers or 1, settings), "Server"), host, port)
    if folder is None:
        owner = Unrecorded(_spec(brokers or 1, settings))
    else:
        data = DataFolder(folder, brokers)
        try:
            owner = Unrecorded(data.spec(settings), data)
        except BaseException:
            data.close()
            raise
    try:
        return _run(owner, host, port)
    finally:
        owner.close()


def _spec(brokers: int, settings: Settings) -> ClusterSpec:
    return ClusterSpec(brokers=brokers, broker_config=settings).checked()


def _run(owner: Session | Unrecorded, host: str, port: int) -> int:
    try:
        server = Server(owner, host, port)
    except OSError as wrong:
        raise Refused(f"cannot listen on {host}:{port}: {wrong.strerror}") from None
    server.stop_on_signals()
    violation = server.run(lambda: print(f"ready {server.addresses()}", flush=True))
    if violation:
        print(f"lab serve: the world has stopped: {violation}", file=sys.stderr)
    return 1 if violation else 0
