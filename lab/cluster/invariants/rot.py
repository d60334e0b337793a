"""Rot: which batches of which replica a disk has spoilt: what follows from it is legal there and nowhere else."""

from dataclasses import dataclass, field

from lab.env import NodeId, Packed


@dataclass(slots=True)
class Rot(Packed):
    """Of one partition, by replica: from the base offset of each corrupt batch to one past its last."""

    batches: dict[NodeId, dict[int, int]] = field(default_factory=dict[NodeId, dict[int, int]])

    def add(self, node: NodeId, base_offset: int, next_offset: int) -> None:
        """A batch of this replica is corrupt from now on."""
        self.batches.setdefault(node, {})[base_offset] = next_offset

    def cut(self, node: NodeId, end: int) -> None:
        """A replica's log ends at `end` now; what reached over that is gone whole."""
        of_node = self.batches.get(node, {})
        for base_offset in [base for base, next_offset in of_node.items() if next_offset > end]:
            del of_node[base_offset]

    def renew(self, node: NodeId, first: int, end: int) -> None:
        """From `first` to before `end` this replica has been written anew, of batches that were looked at."""
        of_node = self.batches.get(node, {})
        for base_offset in [base for base in of_node if first <= base < end]:
            del of_node[base_offset]

    def begin(self, node: NodeId, first: int) -> None:
        """The oldest file of this replica's log begins at `first` now: what lay before is off the disk."""
        self.renew(node, 0, first)

    def holds(self, node: NodeId, offset: int) -> bool:
        """Whether what stands at `offset` of this replica is corrupt."""
        return any(base <= offset < next_offset for base, next_offset in self.batches.get(node, {}).items())

    def from_offset(self, node: NodeId, offset: int) -> int | None:
        """Where the first corrupt batch begins that reaches to `offset` or beyond; None if all from there is sound."""
        found = [base for base, next_offset in self.batches.get(node, {}).items() if next_offset > offset]
        return min(found, default=None)

    def anywhere(self) -> dict[int, None]:
        """The base offsets that are corrupt on some replica."""
        return {base: None for of_node in self.batches.values() for base in of_node}

    def may_end(self, node: NodeId, end: int, start: int, compacted: int) -> bool:
        """Whether recovery may have cut this replica's log to `end`: a corrupt batch begins there, or, where compaction
        has left holes, behind one. Or one lies below the log's `start`: cut there nothing is left of it, and it is
        begun anew at its start.
        """
        return any(base == end or end < base <= compacted or base < start == end for base in self.batches.get(node, {}))
