"""Refused: something asked from outside cannot be done, and the sentence that says why."""


class Refused(Exception):
    """Bad input from a person or a file. The message is shown as it is; nothing was changed."""


def wanted(condition: bool, what: str, found: object) -> None:
    """Refuse unless `condition`: the sentence says what was wanted and what was found."""
    if not condition:
        raise Refused(f"{what}, found {found}")
