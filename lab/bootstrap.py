"""The first start on a fresh machine: make `.venv` beside the code, fill it, go on inside it.

Standard library only, and the syntax of Python 3.8, so that an old Python gets a sentence and no traceback.
What happens, in order:

1. Python too old: one sentence.
2. The libraries can be imported already (a wheel, uv, one's own environment): nothing is done.
3. A filled `.venv` lies beside the code: the same command again, inside it.
4. Otherwise `.venv` is made without pip (a second; works where Debian has split off `ensurepip`) and filled
   from outside by the pip of this Python, or by uv. A stamp with the digest of `pyproject.toml` says it is full.
"""

# `list[str]` and `|` in annotations, which Python 3.8 cannot evaluate.
from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

MINIMUM = (3, 11)
PIP_MINIMUM = (22, 3)
"""The first pip with `--python`."""

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
LOG = ENVIRONMENT / "install.log"
INSIDE = "LAB_INSIDE_VENV"
"""Set for the second start, so that a broken environment cannot start itself for ever."""

RUN = ("PySide6", "pyqtgraph", "networkx", "numpy", "crc32c", "cramjam")
TEST = ("pytest", "pytestqt", "pytest_timeout", "xdist", "hypothesis")


class Stop(Exception):
    """The start cannot go on; the message is the sentence for the person, with the remedy."""


def prepare(arguments: list[str]) -> int | None:
    """None: go on in this process. A number: everything is done, and this is the exit code."""
    try:
        wanted_python(sys.version_info[:2])
        lacking = missing(arguments)
        if not lacking:
            os.environ.pop(INSIDE, None)
            return None
        fill(lacking, testing(arguments))
        return again(arguments)
    except Stop as stop:
        print(f"lab: {stop}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nlab: stopped; start again to go on", file=sys.stderr)
        return 130


def wanted_python(found: tuple[int, ...]) -> None:
    """Raises Stop when `found` is older than the oldest Python this program runs on."""
    if tuple(found) < MINIMUM:
        raise Stop(
            f"Python {MINIMUM[0]}.{MINIMUM[1]} or newer is wanted, this is {found[0]}.{found[1]}. On Debian 12, "
            "Ubuntu 24.04 or newer: sudo apt install python3 python3-pip; elsewhere: "
            "https://www.python.org/downloads/"
        )


def testing(arguments: list[str]) -> bool:
    """Whether the command is `lab test` or hunts the tests' mutants, in a checkout: an installed wheel has no tests."""
    wanted = arguments[:1] == ["test"] or (arguments[:1] == ["fuzz"] and "--mutants" in arguments)
    return wanted and (ROOT / "tests").is_dir()


def missing(arguments: list[str]) -> list[str]:
    """The libraries this command needs and cannot import here. Help needs none."""
    if arguments[:1] != ["test"] and {"-h", "--help", "--version"} & set(arguments):
        return []
    names = RUN + TEST if testing(arguments) else RUN
    lacking = [name for name in names if importlib.util.find_spec(name) is None]
    if "PySide6" not in lacking and harmful_qt(qt_version(), sys.version_info[:2]):
        lacking.append("PySide6 older than 6.12")
    return lacking


def qt_version() -> str:
    """The version of the Qt bindings, without importing them."""
    for name in ("PySide6-Essentials", "PySide6"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "0"


def harmful_qt(version: str, python: tuple[int, ...]) -> bool:
    """Whether these bindings drop references to None until the process dies: 6.12 on Python 3.11."""
    return numbers(version) >= (6, 12) and tuple(python) < (3, 12)


def numbers(version: str) -> tuple[int, ...]:
    """Major and minor number of a version, to compare."""
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


# --- the environment ------------------------------------------------------------------------------


def python_inside() -> Path:
    """The interpreter of the environment."""
    folder = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return ENVIRONMENT.joinpath(*folder)


def base_python() -> str:
    """The Python that environments are made from, even when this one runs inside of one."""
    return getattr(sys, "_base_executable", None) or sys.executable


def stamp(tests: bool) -> Path:
    """The file that says the environment is full."""
    return ENVIRONMENT / ("filled-test" if tests else "filled")


def digest() -> str:
    """What the environment must have been filled from to be current: the project file, this Python."""
    project = (ROOT / "pyproject.toml").read_bytes()
    return hashlib.sha256(project + repr(sys.version_info[:2]).encode()).hexdigest()


def filled(tests: bool) -> bool:
    """Whether the environment is complete and current, with what the tests need or without."""
    stamps = [stamp(True)] if tests else [stamp(True), stamp(False)]
    full = any(file.is_file() and file.read_text() == digest() for file in stamps)
    return full and python_inside().exists()


def fill(lacking: list[str], tests: bool) -> None:
    """Make the environment and install what is wanted into it, unless that is done already."""
    names = ", ".join(lacking)
    if not (ROOT / "pyproject.toml").is_file():
        raise Stop(f"missing here: {names}. Install again: pip install --force-reinstall streaming-lab")
    if INSIDE in os.environ:
        raise Stop(f"{ENVIRONMENT} is filled but lacks {names}. Delete that folder and start again")
    if filled(tests):
        return
    command = installer()
    say(f"lab: first start. Installing {'Qt and the test tools' if tests else 'Qt'} into {ENVIRONMENT}")
    say(f"     About {'700' if tests else '350'} MB and a minute; nothing outside of that folder changes.")
    began = time.monotonic()
    create()
    install(command, tests)
    stamp(tests).write_text(digest())
    say(f"lab: done in {time.monotonic() - began:.0f} s. Later starts are immediate.")


def create() -> None:
    """An environment without pip. Raises Stop with what stands in the way."""
    try:
        import venv  # noqa: PLC0415 - some distributions leave it out

        venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(str(ENVIRONMENT))
    except ImportError as wrong:
        raise Stop(
            f"this Python has no venv module ({wrong}). On Debian and Ubuntu: sudo apt install python3-venv"
        ) from wrong
    except (OSError, ValueError) as wrong:  # ValueError: a file stands where the folder should be
        raise Stop(
            f"cannot make {ENVIRONMENT} ({wrong}). Copy the project to a folder you may write to, with 1 GB free"
        ) from wrong


def installer() -> list[str]:
    """The command that installs into the environment: the pip of this Python, else uv."""
    version = pip_version()
    if version >= PIP_MINIMUM:
        return [
            base_python(), "-m", "pip", "--python", str(python_inside()), "--log", str(LOG),
            "--disable-pip-version-check", "install", "--retries", "2",
        ]  # fmt: skip
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "pip", "install", "--python", str(python_inside())]
    if version:
        raise Stop(
            f"pip 22.3 or newer is wanted, this is {version[0]}.{version[1]}. Remedy: "
            f"{base_python()} -m pip install --upgrade pip"
        )
    raise Stop(
        "this Python has no pip. On Debian and Ubuntu: sudo apt install python3-pip; on Fedora: "
        f"sudo dnf install python3-pip; elsewhere: {base_python()} -m ensurepip"
    )


def pip_version() -> tuple[int, ...]:
    """Major and minor version of the pip there is; empty when there is none."""
    asked = [base_python(), "-m", "pip", "--version"]
    answer = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    words = answer.stdout.decode(errors="replace").split()
    return numbers(words[1]) if answer.returncode == 0 and words[:1] == ["pip"] else ()


def install(command: list[str], tests: bool) -> None:
    """Run the installer; its progress is shown, its complaints become one sentence."""
    if LOG.exists():
        LOG.unlink()
    done = subprocess.run(
        [*command, "-e", f"{ROOT}[test]" if tests else str(ROOT)],
        stdout=sys.stderr,  # what a command prints stays its own: `lab list --json > file`
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        raise Stop(reason(done.stderr.decode(errors="replace"), log_text()))


def log_text() -> str:
    """All that pip noted, of the programs it starts itself too."""
    return LOG.read_text(encoding="utf-8", errors="replace") if LOG.exists() else ""


UNREACHABLE = (
    "failed to establish a new connection", "no matching distribution", "name resolution", "timed out",
    "could not connect", "dns error", "network is unreachable", "error sending request", "max retries exceeded",
)  # fmt: skip


def reason(complaint: str, log: str = "") -> str:
    """What went wrong in the installer, in one sentence with a remedy."""
    everything = (complaint + log).lower()
    if "no space left" in everything:
        return f"the disk is full. 1 GB free is wanted for {ENVIRONMENT}"
    if any(words in everything for words in UNREACHABLE):
        return (
            f"the package index cannot be reached, so {', '.join(RUN)} are missing. Connect to the network "
            "and start again, or give a folder of wheels: PIP_NO_INDEX=1 PIP_FIND_LINKS=/folder python3 -m "
            "lab (made where there is a network by: python3 -m pip wheel -w /folder '.[test]' hatchling "
            "editables)"
        )
    errors = [line.strip() for line in complaint.splitlines() if "error" in line.lower()]
    first = errors[0] if errors else complaint.strip() or "no reason was given"
    return f"installing failed: {first} (all of it: {LOG})"


def again(arguments: list[str]) -> int:
    """The same command inside the environment. Returns its exit code; on Unix this process becomes it."""
    command = [str(python_inside()), "-m", "lab", *arguments]
    environment = dict(os.environ, **{INSIDE: "1"})
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execve(command[0], command, environment)
    return subprocess.call(command, env=environment)


def say(line: str) -> None:
    """A line for the person; not on stdout, which belongs to the command."""
    print(line, file=sys.stderr, flush=True)
