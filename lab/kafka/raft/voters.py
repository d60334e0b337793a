"""Voters: who may vote, where they live, and how many are a majority (`controller.quorum.voters`)."""

from dataclasses import dataclass

from lab.env import Address, NodeId, Sealed, address

CHANNEL = "raft"
"""Voters talk over connections of their own."""


@dataclass(frozen=True, slots=True)
class Voters(Sealed):
    """A fixed set of voters: (id, host) each."""

    members: tuple[tuple[int, NodeId], ...]

    @property
    def majority(self) -> int:
        """How many are more than half."""
        return len(self.members) // 2 + 1

    @property
    def ids(self) -> tuple[int, ...]:
        """Everybody's id."""
        return tuple(one for one, _ in self.members)

    def others(self, replica_id: int) -> tuple[int, ...]:
        """Everybody's id but one."""
        return tuple(one for one, _ in self.members if one != replica_id)

    def host(self, replica_id: int) -> NodeId:
        """Where a voter lives; "" for nobody."""
        return next((host for one, host in self.members if one == replica_id), "")

    def address(self, replica_id: int) -> Address:
        """Where to talk to a voter."""
        return address(self.host(replica_id), CHANNEL)

    def at(self, host: NodeId) -> int:
        """The voter that lives on a host; -1 if none does."""
        return next((one for one, home in self.members if home == host), -1)
