"""Truth and Health: what the ledger knows, and whether every invariant holds."""

from dataclasses import dataclass

from lab.cluster.invariants import Invariant
from lab.cluster.lookup.parts import ledger_of
from lab.cluster.probes.views import GroupTruth, HealthView, LedgerView
from lab.cluster.watch import Watch
from lab.cluster.words.records import acked, born, copies, failed, ghosts, lost, stored, unknown, visible
from lab.world.world import World


@dataclass(frozen=True, slots=True)
class Truth:
    """How many records are in each of the ledger's sets."""

    def __call__(self, world: World) -> LedgerView:
        """The answer."""
        ledger = ledger_of(world)
        groups = tuple(
            GroupTruth(
                name, sum(len(one.fetched) for one in history.partitions.values()), ledger.births_done(name),
                history.duplicates, history.skipped(), sum(history.reordered_keys.values()), history.phantom,
            )
            for name, history in ledger.groups.items()
        )  # fmt: skip
        return LedgerView(
            int(born(world)), int(acked(world)), int(failed(world)), int(unknown(world)), int(stored(world)),
            int(visible(world)), int(lost(world)), int(ghosts(world)), int(copies(world)), groups,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Health:
    """How many checks the invariants have made. A violation stops the world, so here none has been found."""

    def __call__(self, world: World) -> HealthView:
        """The answer."""
        watch = world.witness
        assert isinstance(watch, Watch)
        checked = sum(one.checked for one in watch.observers if isinstance(one, Invariant))
        return HealthView(checked, "", "", world.event_number)
