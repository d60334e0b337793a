"""What the lens says in words: the line under a broker's name, a lag, and what is under the mouse."""

from lab.cluster.probes.transactions import ABORTED, OPEN, TransactionView
from lab.cluster.probes.views import CellView, LensGroupView, LensReplicaView, LensView, ShareRunView, Tone
from lab.env import Micros

STATES = {"partitioned": "cut off"}
STATE_TONES: dict[str, Tone] = {"frozen": "frost", "crashed": "fail", "partitioned": "fail", "slow": "pending"}


def replica_note(replica: LensReplicaView) -> tuple[str, Tone]:
    """`leader · epoch 7`, `in sync`, `out of ISR · −11`, `frozen · in ISR`, `cut off · out of ISR`."""
    state = STATES.get(replica.state, replica.state)
    healthy = replica.state == "running"
    tone = STATE_TONES.get(replica.state, "")
    member = "in ISR" if replica.in_sync else "out of ISR"
    if replica.role == "offline":
        return f"{'no log' if healthy else state} · {member}", tone or "pending"
    if replica.role == "leader":
        note = f"leader · epoch {replica.leader_epoch}"
        return (note, "") if healthy else (f"leader · {state}", tone)
    if not healthy:
        return f"{state} · {member}", tone
    if not replica.in_sync:
        return f"out of ISR · −{replica.behind}" if replica.behind else "out of ISR", "pending"
    return (f"in sync · −{replica.behind}" if replica.behind else "in sync"), ""


def duration_text(duration: Micros) -> str:
    """`40 ms`, `0.4 s`, `12 s`, `3 min`: as exact as a lag is worth reading."""
    if duration < 100_000:
        return f"{duration // 1000} ms"
    if duration < 10_000_000:
        return f"{duration / 1_000_000:.1f} s"
    if duration < 120_000_000:
        return f"{duration // 1_000_000} s"
    return f"{duration // 60_000_000} min"


def lag_text(group: LensGroupView) -> str:
    """`lag 6 · 0.4 s`."""
    return f"lag {group.lag} · {duration_text(group.lag_us)}" if group.lag_us else f"lag {group.lag}"


def cell_text(replica: LensReplicaView, cell: CellView) -> str:
    """What is at an offset of a replica."""
    if cell.kind == "gap":
        return f"offset {cell.offset} · compacted away: the record is gone, the offset stays"
    marker = {"C": "commit marker", "A": "abort marker"}.get(cell.letter, "transaction marker")
    kind = {"tombstone": "tombstone: deletes key", "control": marker}.get(cell.kind, "key")
    what = kind if cell.kind == "control" else f"{kind} {cell.letter}"
    committed = "committed" if cell.committed else f"not yet committed: the HW here is {replica.high_watermark}"
    durable = "on disk" if cell.offset < replica.flushed_offset else "only in the page cache"
    text = f"offset {cell.offset} · {what}\n{committed} · {durable} of {replica.broker}"
    return f"{text}\nits batch does not match its CRC: who checks does not take it" if cell.corrupt else text


def transaction_text(one: TransactionView) -> str:
    """Whose transaction it is, its offsets, and what a reader with read_committed makes of it."""
    name = one.name or "a producer that no coordinator knows any more"
    count = f"{len(one.records)} record{'s' if len(one.records) != 1 else ''} from offset {one.first}"
    if one.state == OPEN:
        end = "still open: read_committed waits before it"
    else:
        verdict = "read_committed skips it" if one.state == ABORTED else "read_committed gets it"
        end = f"{one.state} by the marker at {one.marker}: {verdict}"
    return f"{name} · producer {one.producer_id}, epoch {one.producer_epoch}\n{count} · {end}"


def stable_text(view: LensView) -> str:
    """Where read_committed stops, and since when, when that is below the high watermark."""
    found = view.transactions
    if found is None or found.last_stable_offset >= view.high_watermark:
        return ""
    since = f", open for {duration_text(found.open_since_ms * 1_000)}" if found.open_since_ms >= 0 else ""
    return f"last stable offset {found.last_stable_offset}: read_committed stops here{since}"


def replica_text(replica: LensReplicaView) -> str:
    """All numbers of a replica."""
    if replica.log_end_offset < 0:
        return f"{replica.broker} · {replica_note(replica)[0]}\nits log cannot be read now"
    return (
        f"{replica.broker} · {replica_note(replica)[0]} · leader epoch {replica.leader_epoch}\n"
        f"log start {replica.log_start_offset} · HW {replica.high_watermark} · LEO {replica.log_end_offset} · "
        f"on disk up to {replica.flushed_offset}"
    )


def group_text(group: LensGroupView) -> str:
    """All numbers of a group; of a share group also what its records are."""
    if group.shared:
        runs = ", ".join(share_run_text(run) for run in group.runs) or "nothing in flight"
        return (
            f"{group.group} · start offset {group.committed} · end offset {group.position} · {lag_text(group)}\n{runs}"
        )
    committed = f"committed {group.committed}" if group.committed >= 0 else "nothing committed yet"
    position = f"position {group.position}" if group.position >= 0 else "no position"
    member = group.member or "no member"
    return f"{group.group} · read by {member}\n{committed} · {position} · {lag_text(group)}"


def share_run_text(run: ShareRunView) -> str:
    """`7 to 9 Acquired by w-2, delivery 2`."""
    offsets = f"{run.first}" if run.end == run.first + 1 else f"{run.first} to {run.end - 1}"
    by = f" by {run.member}" if run.member else ""
    return f"{offsets} {run.state}{by}" + (f", delivery {run.delivery_count}" if run.delivery_count > 1 else "")


def spoken_text(view: LensView | None) -> str:
    """The lens for somebody who hears it: each replica and each group in a sentence."""
    empty = empty_text(view)
    if view is None or empty is not None:
        return ". ".join(empty or ())
    replicas = (
        f"{one.broker}: {replica_note(one)[0]}"
        + (f", log end offset {one.log_end_offset}" if one.log_end_offset >= 0 else "")
        for one in view.replicas
    )
    groups = (f"{one.group}: {lag_text(one)}" for one in view.groups)
    stable = stable_text(view)
    return ". ".join((
        f"{view.partition}, high watermark {view.high_watermark}", *((stable,) if stable else ()), *replicas, *groups
    ))  # fmt: skip


def empty_text(view: LensView | None) -> tuple[str, str] | None:
    """A title and a sentence for a lens with nothing to show; None if there is something."""
    if view is None or not view.partition:
        return "No partition chosen", "Click a partition of the cluster above to see its replicas on one offset axis."
    if not view.exists:
        return f"{view.partition} does not exist", "At this instant it was not yet created, or already deleted."
    return None
