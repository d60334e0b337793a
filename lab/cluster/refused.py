"""Refused: something asked from outside cannot be done, and the sentence that says why."""

SHOWN_MAX = 120


class Refused(Exception):
    """Bad input from a person or a file. The message is shown as it is; nothing was changed."""


def wanted(condition: bool, what: str, found: object) -> None:
    """Refuse unless `condition`: the sentence says what was wanted and what was found."""
    if not condition:
        raise Refused(f"{what}, found {_short(str(found))}")


def shown(value: object) -> str:
    """A value of somebody else's as a sentence can hold it: on one line, and no longer than that."""
    return _short(repr(value))


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
