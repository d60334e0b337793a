"""Invariant: a claim about the engine, checked as its facts come in."""

from typing import ClassVar

from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import Observer


class Violated(AssertionError):
    """A claim does not hold. The message names the claim, the partition or record, and what was found."""


class Invariant(Observer):
    """Base of all invariants. A subclass states its claim and hears the facts it needs."""

    claim: ClassVar[str] = ""

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        self.ledger = ledger
        self.fates = fates
        self.checked = 0

    def require(self, holds: bool, *found: object) -> None:
        """One check: counted, and fatal when it fails. `found` is only put into words then."""
        self.checked += 1
        if not holds:
            raise self.violated(" ".join(str(part) for part in found))

    def violated(self, found: str) -> Violated:
        """What to raise. Where every record is checked, what was found is not even named before: that is most of the
        cost of `require`.
        """
        return Violated(f"{self.claim}: {found}")
