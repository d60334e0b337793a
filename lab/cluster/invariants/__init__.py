"""What must hold at every instant: named classes that hear the facts, O(1) a fact.

A violation is our own mistake, never a learner's: it stops the world and names the record or partition.
"""

from lab.cluster.invariants import (
    cleaning,
    commits,
    consumer_groups,
    deletion,
    elections,
    eligibility,
    groups,
    loading,
    logs,
    producer_ids,
    quorum,
    reassignment,
    replication,
    settings,
    shares,
    storms,
)
from lab.cluster.invariants.base import Invariant, Violated
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import Observer

__all__ = ["Invariant", "Violated", "all_invariants", "quorum_invariants"]

MODULES = (
    logs,
    loading,
    replication,
    elections,
    reassignment,
    eligibility,
    deletion,
    cleaning,
    groups,
    commits,
    shares,
    consumer_groups,
    settings,
    producer_ids,
    storms,
)


def all_invariants(ledger: Ledger) -> list[Observer]:
    """One of each, in the order of their modules; last the fates, so that all see what was before a fact."""
    fates = Fates()
    found: list[Observer] = [kind(ledger, fates) for module in MODULES for kind in module.ALL]
    return [*found, fates]


def quorum_invariants(voters: int) -> list[Observer]:
    """Those of a quorum of controllers, for where there is one."""
    return [kind(voters) for kind in quorum.ALL]
