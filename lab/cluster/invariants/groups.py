"""Invariants of groups."""

from lab.cluster.invariants.base import Invariant

ALL: tuple[type[Invariant], ...] = ()
