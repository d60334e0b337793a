"""The start of everything: `python3 -m lab` and the command `lab`."""

import os
import sys

from lab import bootstrap

PIPE_BROKEN = 141
"""What a shell says of a command that a closed pipe ended."""


def main() -> int:
    """See that the libraries are there, then hand over to the command line. Returns the exit code."""
    arguments = sys.argv[1:]
    code = bootstrap.prepare(arguments)
    if code is not None:
        return code
    from lab.command import command_line  # noqa: PLC0415 - not before its libraries are there

    try:
        code = command_line.main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has gone, as in `lab list | head`; what the interpreter still has to say goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_BROKEN
    return code


if __name__ == "__main__":
    sys.exit(main())
