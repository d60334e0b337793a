"""What may be typed behind a command: numbers, sizes, addresses; what was wanted is said of what is none."""

import argparse


def parser_of(name: str, description: str, epilog: str = "") -> argparse.ArgumentParser:
    """A command's parser: its help is printed as it is written."""
    return argparse.ArgumentParser(
        prog=name,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def seconds(text: str) -> float:
    """`12`, `0.5`: virtual time."""
    return _number(text, "seconds, 0 or more, e.g. 12 or 0.5", 0, 1e9)


def scale(text: str) -> float:
    """Picture pixels to one of the window."""
    return _number(text, "a number from 0.5 to 4", 0.5, 4)


def _number(text: str, wanted: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:  # false for nan too
        raise argparse.ArgumentTypeError(f"wanted {wanted}; found {text!r}")
    return value


def whole_number(text: str) -> int:
    """`7`: 0 or more."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"wanted a whole number, 0 or more; found {text!r}")
    return int(text)


def size(text: str) -> tuple[int, int]:
    """`1600x1000`: width and height."""
    width, _, height = text.lower().partition("x")
    sides = (width, height)
    if not all(side.isascii() and side.isdigit() and 320 <= int(side[:6]) <= 16000 for side in sides):
        raise argparse.ArgumentTypeError(f"wanted WxH, each 320 to 16000, e.g. 1600x1000; found {text!r}")
    return int(width), int(height)


def host_and_port(text: str) -> tuple[str, int]:
    """`127.0.0.1:9092`."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"wanted HOST:PORT, e.g. 127.0.0.1:9092; found {text!r}")
    return host, int(port)


def setting(text: str) -> tuple[str, str]:
    """`min.insync.replicas=2`: a name of Kafka's and a value."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise argparse.ArgumentTypeError(f"wanted KEY=VALUE, e.g. min.insync.replicas=2; found {text!r}")
    return key.strip(), value.strip()
