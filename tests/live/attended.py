"""A session with its doors open and nobody's loop but the test's: time goes on when the test lets it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lab.cluster.build import broker_hosts
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec
from lab.env import Micros, millis
from lab.live.attachment import Attachment
from lab.live.gateway import Gateway
from tests.live.raw_client import RawClient

PATIENCE_S = 20.0
STEP: Micros = millis(1)


class Attended:
    """Each turn brings in what has come and lets a millisecond go by, in the world and outside."""

    def __init__(self, spec: ClusterSpec) -> None:
        self.session = Session(spec, "Attended")
        self.doorman = Attachment(self.session, Gateway())
        self.doorman.open_doors(dict.fromkeys(broker_hosts(self.session.world), 0))
        self.clients: list[RawClient] = []

    def client(self, broker: str, client_id: str) -> RawClient:
        address = dict(self.doorman.listeners())[broker]
        self.clients.append(RawClient(address, client_id))
        return self.clients[-1]

    def turn(self) -> None:
        """What a window does in a frame while time runs."""
        self.doorman.bring_in()
        if not self.doorman.looks_back:
            self.session.run_for(STEP)
        self.doorman.keep_ports()
        time.sleep(0.001)

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, "it does not come to that"
            assert not self.session.violation, self.session.violation
            self.turn()

    def let_pass(self, duration: Micros) -> None:
        end = self.session.now + duration
        self.until(lambda: self.session.now >= end)

    def answer(self, client: RawClient, body: object, version: int) -> object:
        """Ask, and wait for the answer."""
        client.ask(body, version)
        found: list[object] = []
        self.until(lambda: bool(found.append(one) or True) if (one := client.heard()) is not None else False)
        return found[0]


@contextmanager
def attended(spec: ClusterSpec) -> Iterator[Attended]:
    found = Attended(spec)
    try:
        yield found
    finally:
        for one in found.clients:
            one.close()
        found.doorman.leave()
        assert not found.session.violation, found.session.violation
