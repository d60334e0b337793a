"""What must hold at every instant: named classes that hear the facts, O(1) a fact.

A violation is our own mistake, never a learner's: it stops the world and names the record or partition.
"""

from lab.cluster.invariants.base import Invariant, Violated, all_invariants

__all__ = ["Invariant", "Violated", "all_invariants"]
