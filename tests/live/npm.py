"""npm: packages of other people's programs for Node, kept in a folder of the machine."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

PATIENCE_S = 120


def cache() -> Path:
    """Where the packages stay; what is there already is not asked for again."""
    return Path(os.environ.get("LAB_NPM_CACHE") or Path.home() / ".cache" / "streaming-lab" / "npm")


def packages(*names: str) -> Path | str:
    """The `node_modules` with these `name@version` and all that they need, or why they cannot be had."""
    folder = cache() / hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:16]
    if not folder.is_dir():
        reason = _fill(folder, names)
        if reason:
            return reason
    return folder / "node_modules"


def _fill(folder: Path, names: tuple[str, ...]) -> str:
    """Beside its place first: a folder that bears the final name is whole."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(parents=True)
    try:
        reason = _install(making, names)
        if not reason and not folder.exists():
            making.rename(folder)
        return reason
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _install(folder: Path, names: tuple[str, ...]) -> str:
    # No scripts: what is wanted needs none, and they would run as whoever tests.
    command = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *names)
    try:
        ran = subprocess.run(
            command, cwd=folder, timeout=PATIENCE_S, check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"npm has not come back with the packages in {PATIENCE_S} s"
    if ran.returncode == 0:
        return ""
    errors = [line for line in ran.stdout.splitlines() if "error" in line.lower()]
    return f"npm cannot get the packages: {errors[0] if errors else f'exit code {ran.returncode}'}"
