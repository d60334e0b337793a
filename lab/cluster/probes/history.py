"""History: what the timeline shows of a branch: key moments, what lasted, and how much happened when."""

import itertools

from lab.cluster.probes.moment_views import TONES
from lab.cluster.probes.views import BranchView, MomentView, SpanView, TimelineView
from lab.env import Micros
from lab.world.branch import Branch
from lab.world.timeline import Timeline
from lab.world.world import Moment

LANES = {"fault": "Faults", "leader": "Leaders", "isr": "ISR", "isr+": "ISR", "rebalance": "Groups"}


def timeline_view(timeline: Timeline, buckets: int) -> TimelineView:
    """The branch that is shown, from its beginning to its newest instant; events are counted in so many buckets."""
    branch, now = timeline.branch, timeline.world.now
    latest = max(timeline.latest, now, 1)
    return TimelineView(
        now,
        latest,
        _moment_views(branch.moments),
        _spans(branch.moments),
        _density(branch, buckets, latest),
        latest // max(buckets, 1) or 1,
        tuple(BranchView(one.name, one.parent, one.fork_time, one.latest, one is branch) for one in timeline.branches),
    )


def _density(branch: Branch, buckets: int, latest: Micros) -> tuple[int, ...]:
    """Events by bucket, from the checkpoints' event numbers: as fine as they are."""
    found = [0] * buckets
    points = [(one.time, one.event_number) for one in branch.checkpoints if one.time >= 0]
    points.append((latest, branch.latest_event))
    for (start, first), (end, last) in itertools.pairwise(points):
        low = min(buckets - 1, start * buckets // latest)
        high = min(buckets - 1, max(start, end - 1) * buckets // latest)
        for bucket in range(low, high + 1):
            found[bucket] += (last - first) // (high - low + 1)
    return tuple(found)


def _moment_views(moments: list[Moment]) -> tuple[MomentView, ...]:
    """Numbered from one; those of one event and kind are one."""
    together: dict[tuple[int, str, str], list[Moment]] = {}
    for moment in moments:
        alone = "" if moment.kind in ("leader", "isr", "isr+", "truncated", "corrupt") else moment.subject
        together.setdefault((moment.event_number, moment.kind, alone), []).append(moment)
    return tuple(
        MomentView(
            number, one[0].time, one[0].event_number, one[0].kind, one[0].subject,
            one[0].text if len(one) == 1 else f"{one[0].text} (and {len(one) - 1} more)",
            TONES.get(one[0].kind, ""),
        )
        for number, one in enumerate(together.values(), 1)
    )  # fmt: skip


def _spans(moments: list[Moment]) -> tuple[SpanView, ...]:
    """What lasted: from a fault to its mending, from a rebalance to the stable group; single marks have no length. What
    a disk has spoilt nobody mends.
    """
    found: list[SpanView] = []
    open_: dict[tuple[str, str], int] = {}
    for moment in moments:
        key = ("Groups", moment.subject) if moment.kind in ("rebalance", "stable") else ("Faults", moment.subject)
        if moment.kind in ("fault", "rebalance"):
            if key in open_ and moment.kind == "rebalance":
                continue
            open_[key] = len(found)
            tone = (
                "frost"
                if moment.text.startswith("freeze")
                else "pending"
                if "slow" in moment.text or moment.kind == "rebalance"
                else "fail"
            )
            found.append(SpanView(key[0], moment.subject, moment.text, moment.time, None, tone))
        elif moment.kind == "rot":
            found.append(SpanView("Faults", moment.subject, moment.text, moment.time, None, "fail"))
        elif moment.kind in ("mended", "stable") and key in open_:
            at = open_.pop(key)
            one = found[at]
            found[at] = SpanView(one.lane, one.subject, one.text, one.start, moment.time, one.tone)
        elif moment.kind in ("leader", "isr", "isr+"):
            found.append(
                SpanView(
                    LANES[moment.kind],
                    moment.subject,
                    moment.kind,
                    moment.time,
                    moment.time,
                    TONES.get(moment.kind, ""),
                )
            )
    return tuple(found)
