"""The command line: a command is one module, with its `arguments()` and `run(given)`; `command_line` hands over to it.

Each command imports only what it needs, when it runs: `lab list` starts without Qt and without the engine. `values` is
what may be typed, and `scenarios` finds the one that is meant.
"""
