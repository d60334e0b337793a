"""The line that was typed becomes one call of a command."""

from lab.command import bench, fuzz, logs, play, scenarios, serve, tests, window

COMMANDS = {"list": scenarios, "play": play, "bench": bench, "fuzz": fuzz, "serve": serve, "logs": logs}


def main(arguments: list[str]) -> int:
    """Run the command in `arguments` (without the program's name). Returns the exit code."""
    name = arguments[0] if arguments else ""
    if name == "test":
        return tests.run(arguments[1:])  # everything behind it belongs to pytest
    command = COMMANDS.get(name, window)
    given = arguments[1:] if name in COMMANDS else arguments
    return command.run(command.arguments().parse_args(given))
