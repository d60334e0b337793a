"""`lab test`: pytest in the checkout."""

import os
import subprocess
import sys

from lab import preflight
from lab.resources import checkout_folder


def run(arguments: list[str]) -> int:
    """Run pytest in the checkout; without a screen unless LAB_SHOW=1; without Qt where Qt cannot load."""
    root = checkout_folder()
    if root is None:
        print("lab: the tests come with the source, not with the installed package", file=sys.stderr)
        return 2
    environment = dict(os.environ)
    if environment.get("LAB_SHOW") != "1":
        environment["QT_QPA_PLATFORM"] = "offscreen"
    command = [sys.executable, "-m", "pytest", *arguments]
    problem = preflight.drawing_problem()
    if problem is not None:
        print(f"lab: {problem}. The tests of the window are skipped.", file=sys.stderr)
        command += ["-p", "no:pytest-qt"]
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode
