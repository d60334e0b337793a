"""Letters: how a record's key shows in a cell 24 pixels wide, and in which of eight colours."""

from lab.kafka.protocol.records import Record

CATEGORIES = 8


def letter_of(key: bytes | None) -> str:
    """The last letter or digit of a key, as a capital; a dot for none."""
    if key is None:
        return "·"
    text = key.decode("utf-8", "replace")
    if len(text) == 1:
        return text.upper()
    return next((sign.upper() for sign in reversed(text) if sign.isalnum()), "·")


def category_of(key: bytes | None) -> int:
    """A colour for a key: letters in order, other keys by their bytes; -1 for none."""
    if key is None:
        return -1
    if len(key) == 1 and key.isalpha():
        return (key.upper()[0] - ord("A")) % CATEGORIES
    return sum(key) % CATEGORIES


def kind_of_record(record: Record, is_control: bool) -> str:
    """record, tombstone or control."""
    return "control" if is_control else "tombstone" if record.value is None else "record"
