"""Attendant: the doorman of a session, which can be paused, looked back in, and continued from its past.

Real clients live at the end of one branch. Wherever else the session is, what they send waits in the gateway, as it
does while time stands; so nothing of theirs is ever brought into a past, and no answer of another future goes to them.
"""

from lab.cluster.actions.programs import HangUpProgram, OpenDoors
from lab.cluster.fencing import fence_of
from lab.cluster.probes.programs import groups_of_programs
from lab.cluster.refused import Refused
from lab.cluster.session import Session
from lab.cluster.watch import Watch
from lab.env import NodeId
from lab.live.doorman import Doorman, date_ms
from lab.live.gateway import Gateway, Opened
from lab.world.world import World


class Attendant(Doorman):
    """A doorman who knows on which branch real clients live."""

    def __init__(self, session: Session, gateway: Gateway) -> None:
        super().__init__(session, gateway)
        self.session: Session = session
        self.live = session.branch_name

    @property
    def clients(self) -> int:
        """How many real clients are attached."""
        return len(set(self.programs.values()))

    @property
    def looks_back(self) -> bool:
        """Whether the session shows another instant than the one at which real clients live."""
        return self.session.timeline.rewound or self.session.branch_name != self.live

    def open_doors(self, ports: dict[NodeId, int]) -> None:
        """As everywhere; in the past this begins a branch, as any action does. Raises OSError or Refused."""
        self.listen(ports)
        self.session.post(OpenDoors(date_ms()))
        self.live = self.session.branch_name
        self.session.outside = self

    def keep_ports(self) -> None:
        """What a past broker was doing is no reason to open or close a port."""
        if not self.looks_back:
            super().keep_ports()

    def bring_in(self) -> int:
        """Whatever has arrived, unless the session looks back: then it waits."""
        if not self.programs and not self.session.timeline.rewound:
            self.live = self.session.branch_name
        return 0 if self.looks_back else super().bring_in()

    def _is_new(self, world: World) -> bool:
        return self.session.branch_name == self.live and super()._is_new(world)

    # --- parting ----------------------------------------------------------------------------------

    def continue_here(self) -> int:
        """Cut everybody off, and go on from the instant that is shown, behind a fence. Returns how many clients that
        were. Raises Refused when there can be no fence at this instant; then nothing was done.
        """
        session = self.session
        real = groups_of_programs(session.world).items()
        fence = fence_of(session.timeline, tuple(group for group, members in real if members))
        reason = fence.refusal(session.world)
        if reason:
            raise Refused(reason)
        count = self._cut_all()
        session.post(fence)
        self.live = session.branch_name
        return count

    def _cut_all(self) -> int:
        """Close every connection from our side, also of those who have just come; the world is not told."""
        count = self.clients
        while self.gateway.events:
            event = self.gateway.events.popleft()
            if isinstance(event, Opened):
                self.gateway.close(event.connection)
        for connection in [*self.brokers]:
            self.gateway.close(connection)
        self.brokers.clear()
        self.programs.clear()
        return count

    def leave(self) -> None:
        """Close the doors: every connection ends where real clients live, and nobody comes any more. Then the session
        is where it was.
        """
        session = self.session
        back = (session.branch_name, session.event_number) if self.looks_back else None
        if self.programs and not session.violation:
            if back is not None:
                session.switch(self.live)
                session.seek(session.latest)
                session.seek_event(session.latest_event)
            for connection, program in [*self.programs.items()]:
                session.bring(HangUpProgram(program, connection, self.brokers[connection]))
            session.run_to(session.now)
            if back is not None:
                session.switch(back[0])
                session.seek_event(back[1])
        self._cut_all()
        self.gateway.stop()
        session.outside = None
        session.part(self._greet)
        assert isinstance(session.world.witness, Watch)
        session.world.witness.dismiss(self)
