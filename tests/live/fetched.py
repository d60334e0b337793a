"""Fetched: what other people have published, kept in a folder of the machine and asked for once."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path


def fetched(kind: str, wanted: Sequence[str], tools: Sequence[str], fetch: Callable[[Path], str]) -> Path | str:
    """The folder with all of `wanted`, or why it cannot be had. `kind`: under which name there are more of that sort.
    `fetch` fills one, and says what went wrong, if anything.
    """
    folder = cache() / kind / hashlib.sha256("\n".join(sorted(wanted)).encode()).hexdigest()[:16]
    if folder.is_dir():
        return folder
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        return f"{missing[0]} is not installed"
    # Beside its place first: a folder that bears the final name is whole.
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(parents=True)
    try:
        reason = fetch(making)
        if not reason and not folder.exists():
            making.rename(folder)
        return reason or folder
    finally:
        shutil.rmtree(making, ignore_errors=True)


def cache() -> Path:
    """Where all that is fetched stays; LAB_CACHE names another place."""
    return Path(os.environ.get("LAB_CACHE") or Path.home() / ".cache" / "streaming-lab")


def told_to(command: Sequence[str], folder: Path, patience_s: int) -> str:
    """Run a program that fetches; nothing, or what it complains of first."""
    try:
        ran = subprocess.run(
            command, cwd=folder, timeout=patience_s, check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{command[0]} has not come back in {patience_s} s"
    if ran.returncode == 0:
        return ""
    errors = [line for line in ran.stdout.splitlines() if "error" in line.lower()]
    return f"{command[0]}: {errors[0] if errors else f'exit code {ran.returncode}'}"
