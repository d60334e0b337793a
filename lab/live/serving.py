"""Serving: `lab serve` from its options to its end, in the terminal."""

import sys
from pathlib import Path

from lab.cluster.refused import Refused
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec
from lab.disks.data_folder import DataFolder
from lab.kafka.config.broker import BrokerConfig
from lab.live.listening import Listening
from lab.live.server import Server
from lab.live.unrecorded import Unrecorded
from lab.world.world import WorldStopped

Settings = tuple[tuple[str, str], ...]


def serve(
    brokers: int | None, host: str, port: int, settings: Settings, *, record: bool, folder: Path | None,
    users: Path | None = None,
) -> int:  # fmt: skip
    """Serve until a signal ends it. Returns the exit code. Raises Refused."""
    spec = _spec(brokers or 1, settings)
    listening = Listening.of(host, port, BrokerConfig(settings), users)
    if listening.warning:
        print(f"lab serve: warning: {listening.warning}", file=sys.stderr)
    if folder is None and record:
        return _run(Session(spec, "Server"), listening)
    if folder is None:
        owner = Unrecorded(spec)
    else:
        data = DataFolder(folder, brokers)
        try:
            owner = Unrecorded(data.spec(settings), data)
        except WorldStopped as stopped:
            data.close()
            raise Refused(
                f"{folder}: wanted files that a cluster can start on (lab logs {folder} tells of each): {stopped}"
            ) from None
        except BaseException:
            data.close()
            raise
    try:
        return _run(owner, listening)
    finally:
        owner.close()


def _spec(brokers: int, settings: Settings) -> ClusterSpec:
    return ClusterSpec(brokers=brokers, broker_config=settings).checked()


def _run(owner: Session | Unrecorded, listening: Listening) -> int:
    host, port = listening.host, listening.port
    try:
        server = Server(owner, host, port, users=listening.users)
    except OSError as wrong:
        raise Refused(f"cannot listen on {host}:{port}: {wrong.strerror}") from None
    server.stop_on_signals()
    violation = server.run(lambda: print(f"ready {server.addresses()}", flush=True))
    if violation:
        print(f"lab serve: the world has stopped: {violation}", file=sys.stderr)
    return 1 if violation else 0
