"""The start of everything: `python3 -m lab` and the command `lab`."""

import sys

from lab import bootstrap


def main() -> int:
    """See that the libraries are there, then hand over to the command line. Returns the exit code."""
    arguments = sys.argv[1:]
    code = bootstrap.prepare(arguments)
    if code is not None:
        return code
    from lab import cli  # noqa: PLC0415 - not before its libraries are there

    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
