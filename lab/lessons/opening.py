"""Opening: a session with its lesson on it, from a scenario or from a saved file."""

from pathlib import Path

from lab.cluster.refused import Refused
from lab.cluster.session.session import Session
from lab.lessons.catalogue import find_lesson
from lab.lessons.model import Lesson
from lab.lessons.runner import LessonRunner


def session_of(lesson: Lesson) -> Session:
    """A session of the lesson's cluster, without the lesson. Raises Refused."""
    beside = lesson.path.parent if lesson.path is not None else None
    return Session(lesson.spec, lesson.title, lesson.name, beside, lesson.script)


def open_lesson(lesson: Lesson) -> Session:
    """A session with a lesson on it, at its first page and the instant it opens at."""
    session = session_of(lesson)
    if not lesson.sandbox:
        LessonRunner(lesson, session)
    session.run_to(lesson.opens_at)
    return session


def start(name: str) -> Session:
    """A scenario by name, ready to be played. Raises Refused."""
    return open_lesson(find_lesson(name))


def reopen(path: Path) -> Session:
    """A saved session, and its lesson where the person left it. Raises Refused.

    A scenario that is gone, or whose cluster is another one by now, leaves a session without a lesson.
    """
    session = Session.open(path)
    if session.saved_lesson is None:
        return session
    try:
        lesson = find_lesson(session.scenario, session.spec.seed)
    except Refused:
        return session
    if lesson.spec == session.spec:
        try:
            LessonRunner(lesson, session).take_up(session.saved_lesson)
        except Refused as wrong:
            raise Refused(f"{path.name}: {wrong}") from None
    return session
