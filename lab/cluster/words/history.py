"""Words of the run so far: key moments and time."""

from lab.cluster.words.word import Value, word
from lab.world.world import World


@word(1, 2)
def moments(world: World, kind: Value, subject: Value = "") -> Value:
    """How many key moments of a kind there have been: leader, isr, isr+, rebalance, stable, truncated, retention,
    cleaning, cleaned, quorum, broker, client, loss, fault, mended, built, changed, expired, archived, reassign,
    reassigned, elr, throttled, alarm.
    """
    return sum(one.kind == kind and subject in ("", one.subject) for one in world.moments)


@word(1, 2)
def since(world: World, kind: Value, subject: Value = "") -> Value:
    """Whole seconds since the last key moment of a kind; -1 if there has been none."""
    at = max((one.time for one in world.moments if one.kind == kind and subject in ("", one.subject)), default=-1)
    return (world.now - at) // 1_000_000 if at >= 0 else -1


@word(0)
def seconds_(world: World) -> Value:
    """Whole seconds of virtual time since the beginning."""
    return world.now // 1_000_000
