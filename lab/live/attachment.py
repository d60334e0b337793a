"""Attachment: the doorman of a session that a window shows, which can look back while real clients are there.

They live at the newest instant of one branch, and know nothing of rewinding: while another instant is shown, what they
send waits, as if the cluster were slow. Who wants to go on from the past has to part with them.
"""

from lab.cluster.actions.programs import HangUpProgram
from lab.cluster.probes.programs import groups_of_programs
from lab.cluster.refused import Refused
from lab.cluster.session.fencing import fence_of
from lab.cluster.session.session import Session
from lab.cluster.watch import Watch
from lab.env import NodeId
from lab.live.doorman import UNHURRIED_US, Doorman
from lab.live.gateway import Gateway, Opened
from lab.world.world import World


class Attachment(Doorman):
    """Real clients, and the session they are attached to. `live`: the branch on which they live."""

    def __init__(self, session: Session, gateway: Gateway) -> None:
        self.live = session.branch_name
        self.attached = session
        super().__init__(session, gateway)

    @property
    def looks_back(self) -> bool:
        """See Doorman."""
        return self.attached.timeline.rewound or self.attached.branch_name != self.live

    def open_doors(self, ports: dict[NodeId, int]) -> None:
        """See Doorman."""
        super().open_doors(ports)
        self.live = self.attached.branch_name
        self.attached.outside = self

    def bring_in(self, budget_us: int = UNHURRIED_US) -> int:
        """See Doorman. As long as nobody is there, they will live wherever time goes on."""
        if not self.programs and not self.attached.timeline.rewound:
            self.live = self.attached.branch_name
        return super().bring_in(budget_us)

    def _is_new(self, world: World) -> bool:
        return self.attached.branch_name == self.live and super()._is_new(world)

    # --- parting ----------------------------------------------------------------------------------

    def cut_all(self) -> int:
        """Close every connection from our side. Returns how many real clients that were; the world is not told."""
        count = self.clients
        for connection in [*self.opened]:
            self.gateway.close(connection)
        self.opened.clear()
        self.programs.clear()
        return count

    def continue_here(self) -> int:
        """Cut everybody off, and go on from the instant that is shown, behind a fence. Returns how many clients that
        were. Raises Refused when there can be no fence at this instant; then nothing was done.
        """
        session = self.attached
        real = groups_of_programs(session.world).items()
        fence = fence_of(session.timeline, tuple(group for group, members in real if members))
        reason = fence.refusal(session.world)
        if reason:
            raise Refused(reason)
        self._turn_away()
        count = self.cut_all()
        session.post(fence)
        self.live = session.branch_name
        return count

    def _turn_away(self) -> None:
        """Whoever has come meanwhile is cut off as well; what was sent is lost with its connection."""
        while self.gateway.events:
            event = self.gateway.events.popleft()
            if isinstance(event, Opened):
                self.gateway.close(event.connection)

    def leave(self) -> None:
        """Close the doors: every connection ends where real clients live, and nobody comes any more. Then the session
        is where it was.
        """
        session = self.attached
        back = (session.branch_name, session.event_number) if self.looks_back else None
        if self.programs and not session.violation:
            if back is not None:
                session.switch(self.live)
                session.seek(session.latest)
                session.seek_event(session.latest_event)
            for connection, program in [*self.programs.items()]:
                session.bring(HangUpProgram(program, connection, self.opened[connection].broker))
            session.run_to(session.now)
            if back is not None:
                session.switch(back[0])
                session.seek_event(back[1])
        self.cut_all()
        self.gateway.stop()
        session.outside = None
        session.part(self._greet)
        assert isinstance(session.world.witness, Watch)
        session.world.witness.dismiss(self)
