"""Scenarios in the terminal: the list, and playing one with a learner who needs no window."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.cluster.refused import Refused
from lab.cluster.session.breakpoints import Stop, breakpoints_from
from lab.lessons.catalogue import catalogue, find_lesson
from lab.lessons.event_log import EventLog
from lab.lessons.learner import LEARNERS, Learner
from lab.lessons.opening import session_of
from lab.lessons.output import Draw, write_output
from lab.lessons.runner import LessonRunner

STOPPED = 3
"""Exit code of a play that a breakpoint ended: nothing failed, and it was not played to its end."""


def list_scenarios(as_json: bool) -> int:
    """All scenarios in order."""
    try:
        cards = catalogue()
    except Refused as wrong:
        print(f"lab: {wrong}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps([_plain(card) for card in cards], ensure_ascii=False))
        return 0
    widest = max((len(card.name) for card in cards), default=0)
    for card in cards:
        print(f"{card.code:4}{card.name:{widest}}  {card.title}  ({card.minutes} min)")
    return 0


def _plain(card: object) -> dict[str, Any]:
    return {name: getattr(card, name) for name in ("name", "code", "title", "track", "minutes", "summary")}


def play(
    scenario: str,
    *,
    learner: str,
    seed: int | None,
    until_seconds: float | None,
    out: Path | None,
    as_json: bool,
    draw: Draw | None = None,
    breakpoints: Sequence[str] = (),
) -> int:
    """Play a scenario; 0 only if every check holds and every prediction was right, 3 if it was stopped by one of the
    `breakpoints`. `draw` draws the charts of `out`.
    """
    assert learner in LEARNERS, learner
    try:
        lesson = find_lesson(scenario, seed)
        session = session_of(lesson)
        session.set_breakpoints(breakpoints_from(breakpoints, "--break"))
        runner = LessonRunner(lesson, session)
        events = EventLog(session) if out is not None else None
        Learner(runner, learner, None if until_seconds is None else int(until_seconds * 1_000_000)).play()
        if out is not None and events is not None:
            write_output(session, events, out, draw)
    except Refused as wrong:
        print(f"lab: {wrong}", file=sys.stderr)
        return 2
    except OSError as wrong:
        print(f"lab: --out {out}: {wrong.filename or out} could not be written: {wrong.strerror}", file=sys.stderr)
        return 2
    if session.stop is not None:
        _report(runner, [stop_text(session.stop)], as_json)
        return STOPPED
    problems = [session.violation] if session.violation else runner.problems()
    _report(runner, problems, as_json)
    return 1 if problems else 0


def stop_text(stop: Stop) -> str:
    """`stopped at event 4,204, 15.500 s, by leader: broker-2 leads orders-0`."""
    return f"stopped at event {stop.event_number:,}, {stop.time / 1e6:.3f} s, by {stop.breakpoint}: {stop.text}"


def _report(runner: LessonRunner, problems: list[str], as_json: bool) -> None:
    lesson, session = runner.lesson, runner.session
    right, asked = runner.score()
    if as_json:
        print(json.dumps({
            "scenario": lesson.name, "passed": not problems, "predictions_right": right, "predictions": asked,
            "events": session.event_number, "seconds": session.now / 1e6, "problems": problems,
        }, ensure_ascii=False))  # fmt: skip
        return
    print(f"{lesson.code} {lesson.title}: {session.now / 1e6:.1f} s of virtual time, {session.event_number:,} events")
    for moment in session.timeline_view(1).moments:
        print(f"  {moment.time / 1e6:9.3f} s  {moment.text}")
    print(f"  predictions right: {right} of {asked}")
    for problem in problems:
        print(f"  - {problem}")
    print("  stopped" if session.stop is not None else "  not passed" if problems else "  passed")
