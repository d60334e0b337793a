"""Log sections: what the inspector says of a log beyond its offsets: transactions, files, the cleaner, and rot."""

from lab.cluster.figures import grouped
from lab.cluster.invariants.fates import rot_of
from lab.cluster.probes.views import OFFSET, Row, Section
from lab.kafka.log.segment import OFFSET_ENTRY
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

SHOWN = 5
"""Files by name; older ones are counted."""


def log_sections(log: UnifiedLog) -> tuple[Section, ...]:
    """Each where there is something to say: an ordinary log with one file has none."""
    return (*_transactions(log), *_files(log), *_cleaner(log))


def corrupt_section(world: World, partition: TopicPartition) -> tuple[Section, ...]:
    """Replicas with corrupt batches, and where these begin; what the brokers themselves do not know."""
    rot = rot_of(world, partition)
    found = rot.batches if rot is not None else {}
    rows = tuple(
        Row(node, f"✗ batch at {', '.join(map(grouped, batches))}", "fail", link=(OFFSET, f"{min(batches)}"))
        for node, batches in found.items() if batches
    )  # fmt: skip
    return (Section("Corrupt", rows),) if rows else ()


def _transactions(log: UnifiedLog) -> tuple[Section, ...]:
    if not log.producers.transactional:
        return ()
    stable = log.last_stable_offset
    held = stable < log.high_watermark
    rows = [Row("Last stable offset", grouped(stable), "pending" if held else "ok")]
    if held:
        rows.append(Row("Not decided", f"{grouped(log.high_watermark - stable)} offsets", "pending"))
    return (Section("Transactions", tuple(rows)),)


def _files(log: UnifiedLog) -> tuple[Section, ...]:
    if len(log.segments) < 2:
        return ()
    clean = log.compaction.checkpoint if log.compaction is not None else 0
    rows: list[Row] = []
    if len(log.segments) > SHOWN:
        rows.append(Row("older", f"{len(log.segments) - SHOWN} files"))
    first = max(0, len(log.segments) - SHOWN)
    for place, segment in enumerate(log.segments[first:], first):
        active = segment is log.active
        cleaned = not active and log.segments[place + 1].base_offset <= clean
        entries = log.disk.size(segment.file(".index")) // OFFSET_ENTRY.size
        state = "active" if active else "clean" if cleaned else "closed"
        rows.append(
            Row(
                f"{grouped(segment.base_offset)}.log",
                f"{grouped(segment.size)} B · {entries} in the index · {state}",
                link=(OFFSET, f"{segment.base_offset}"),
            )
        )
    return (Section("Files", tuple(rows)),)


def _cleaner(log: UnifiedLog) -> tuple[Section, ...]:
    if not log.config.compacted:
        return ()
    compaction = log.compaction
    if compaction is None:
        return (Section("Cleaner", (Row("Clean up to", "nothing yet"),)),)
    rows = [Row("Clean up to", grouped(compaction.checkpoint), "ok")]
    running = compaction.running
    if running is not None:
        percent = 100 * running.bytes_done // max(1, running.bytes_all)
        rows.append(Row("At work", f"{running.stage} · {min(percent, 100)} %", "pending"))
    if compaction.uncleanable:
        rows.append(Row("Left alone", compaction.uncleanable, "fail"))
    return (Section("Cleaner", tuple(rows)),)
