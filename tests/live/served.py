"""A cluster served to real clients, within the test's own process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lab.cluster.actions import ClusterAction
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, TopicSpec
from lab.live.guard import Users
from lab.live.owner import Owner
from lab.live.server import Server
from lab.world.digest import digest

AT_ONCE = (("group.initial.rebalance.delay.ms", "0"),)
THREE = ClusterSpec(brokers=3, topics=(TopicSpec("orders", 3, 3),), broker_config=AT_ONCE)


class Served:
    """A server in a thread of its own; who wants to act on its world asks `do`."""

    def __init__(self, owner: Owner, users: Users | None = None) -> None:
        self.owner = owner
        self.server = Server(owner, "127.0.0.1", 0, users=users)
        self.violation = ""
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._up.wait(20)

    def _run(self) -> None:
        try:
            self.violation = self.server.run(self._up.set)
        except BaseException as wrong:
            self.violation = repr(wrong)
            raise

    @property
    def session(self) -> Session:
        assert isinstance(self.owner, Session)
        return self.owner

    @property
    def addresses(self) -> str:
        return self.server.addresses()

    def do(self, action: ClusterAction) -> None:
        self.server.ask(action)

    def stop(self) -> None:
        self.server.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()
        assert not self.violation, self.violation


@contextmanager
def served(spec: ClusterSpec = THREE) -> Iterator[Served]:
    """The cluster, until the block ends; then nothing of it runs any more, and its world has not stopped."""
    found = Served(Session(spec, "Server"))
    try:
        yield found
    finally:
        found.stop()


def replayed(session: Session) -> str:
    """The digest of the world that a session's journal leads to when it is run again from the beginning."""
    end = session.now
    session.seek(0)
    session.seek(end)
    return digest(session.world)
