"""Invariant: a claim about the engine, checked as its facts come in."""

from typing import ClassVar

from lab.cluster.ledger import Ledger
from lab.cluster.watch import Observer


class Violated(AssertionError):
    """A claim does not hold. The message names the claim, the partition or record, and what was found."""


class Invariant(Observer):
    """Base of all invariants. A subclass states its claim and hears the facts it needs."""

    claim: ClassVar[str] = ""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.checked = 0

    def require(self, holds: bool, found: str) -> None:
        """One check: counted, and fatal when it fails."""
        self.checked += 1
        if not holds:
            raise Violated(f"{self.claim}: {found}")


def all_invariants(ledger: Ledger) -> list[Observer]:
    """One of each, in the order of their modules."""
    from lab.cluster.invariants import groups, logs, replication

    return [kind(ledger) for module in (logs, replication, groups) for kind in module.ALL]
