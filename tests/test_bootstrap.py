"""The first start: every way it can go wrong ends in one sentence with a remedy."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import bootstrap

ROOT = Path(__file__).parent.parent


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout; what would be installed goes into its own `.venv`."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")
    (tmp_path / "tests").mkdir()
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "LOG", tmp_path / ".venv" / "install.log")
    monkeypatch.delenv(bootstrap.INSIDE, raising=False)
    return tmp_path


@pytest.mark.parametrize("name", ["lab/__init__.py", "lab/__main__.py", "lab/bootstrap.py"])
def test_what_an_old_python_reads_first_is_written_for_python_3_8(name: str):
    ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 8))


def test_the_bootstrap_needs_nothing_but_the_standard_library():
    tree = ast.parse((ROOT / "lab/bootstrap.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_an_old_python_is_told_which_one_is_wanted():
    with pytest.raises(bootstrap.Stop, match=r"Python 3\.11 or newer is wanted, this is 3\.9"):
        bootstrap.wanted_python((3, 9))


def test_a_python_without_libraries_lacks_all_of_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    assert bootstrap.missing([]) == list(bootstrap.RUN)
    assert bootstrap.missing(["test"]) == [*bootstrap.RUN, *bootstrap.TEST]
    assert bootstrap.missing(["fuzz", "--mutants"]) == [*bootstrap.RUN, *bootstrap.TEST]
    assert bootstrap.missing(["fuzz"]) == list(bootstrap.RUN)


def test_help_asks_for_no_library(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    assert bootstrap.missing(["--help"]) == []
    assert bootstrap.missing(["play", "-h"]) == []


def test_pytest_answers_for_its_own_help_and_has_to_be_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    assert "pytest" in bootstrap.missing(["test", "--version"])


@pytest.mark.parametrize(
    ("version", "python", "harmful"),
    [
        ("6.12.0", (3, 11), True),
        ("6.12.0", (3, 12), False),
        ("6.11.3", (3, 11), False),
        ("7.0", (3, 11), True),
    ],
)
def test_qt_6_12_is_refused_on_python_3_11_only(version: str, python: tuple[int, int], harmful: bool):
    assert bootstrap.harmful_qt(version, python) is harmful


def test_without_pip_and_uv_the_sentence_names_the_package(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(bootstrap, "missing", lambda arguments: ["numpy"])
    monkeypatch.setattr(bootstrap, "pip_version", lambda: ())
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    assert bootstrap.prepare([]) == 2
    assert "sudo apt install python3-pip" in capsys.readouterr().err
    assert not (checkout / ".venv").exists()


def test_without_pip_uv_is_asked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bootstrap, "pip_version", lambda: ())
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: "/opt/uv")
    assert bootstrap.installer()[:3] == ["/opt/uv", "pip", "install"]


def test_an_old_pip_is_told_how_to_renew_itself(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bootstrap, "pip_version", lambda: (21, 1))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(bootstrap.Stop, match=r"this is 21\.1.*install --upgrade pip"):
        bootstrap.installer()


def test_a_folder_that_cannot_be_written_ends_in_a_sentence(checkout: Path):
    (checkout / ".venv").write_text("a file stands where the folder should be")
    with pytest.raises(bootstrap.Stop, match=r"cannot make .*Copy the project to a folder you may write to"):
        bootstrap.create()


def failing_installer(complaint: str) -> list[str]:
    return [sys.executable, "-c", f"import sys; sys.stderr.write({complaint!r}); sys.exit(1)"]


@pytest.mark.parametrize(
    ("complaint", "remedy"),
    [
        ("Failed to establish a new connection: [Errno -2]", "Connect to the network"),
        ("ERROR: No matching distribution found for numpy", "PIP_FIND_LINKS"),
        ("OSError: [Errno 28] No space left on device", "1 GB free"),
        ("ERROR: it is Monday\n", "installing failed: ERROR: it is Monday"),
    ],
)
def test_what_the_installer_complains_of_becomes_one_sentence(
    complaint: str,
    remedy: str,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(bootstrap, "missing", lambda arguments: ["numpy"])
    monkeypatch.setattr(bootstrap, "installer", lambda: failing_installer(complaint))
    assert bootstrap.prepare([]) == 2
    said = capfd.readouterr().err
    assert remedy in said.splitlines()[-1]
    assert "Traceback" not in said
    assert not bootstrap.filled(tests=False)


def test_what_only_the_log_of_pip_knows_is_read_from_there():
    said = bootstrap.reason("note: not a problem with pip", "ERROR: No matching distribution found for x")
    assert "the package index cannot be reached" in said


@pytest.mark.usefixtures("checkout", "capfd")
def test_a_filled_environment_is_used_at_once(monkeypatch: pytest.MonkeyPatch):
    started: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "missing", lambda arguments: ["numpy"])
    monkeypatch.setattr(bootstrap, "installer", lambda: [sys.executable, "-c", ""])
    monkeypatch.setattr(bootstrap, "again", lambda arguments: started.append(arguments) or 7)
    assert bootstrap.prepare(["list"]) == 7
    monkeypatch.setattr(bootstrap, "install", lambda command, tests: pytest.fail("installed twice"))
    assert bootstrap.prepare(["list", "--json"]) == 7
    assert started == [["list"], ["list", "--json"]]


def test_a_changed_project_file_fills_the_environment_anew(checkout: Path):
    bootstrap.create()
    bootstrap.stamp(tests=False).write_text(bootstrap.digest())
    assert bootstrap.filled(tests=False)
    assert not bootstrap.filled(tests=True)
    (checkout / "pyproject.toml").write_text("[project]\n")
    assert not bootstrap.filled(tests=False)


def test_a_filled_environment_that_cannot_import_does_not_start_itself_for_ever(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv(bootstrap.INSIDE, "1")
    monkeypatch.setattr(bootstrap, "missing", lambda arguments: ["numpy"])
    assert bootstrap.prepare([]) == 2
    assert "lacks numpy. Delete that folder" in capsys.readouterr().err


def test_a_bare_python_shows_help_without_installing(tmp_path: Path):
    bare = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-S", "-m", "lab", "--help"]
    shown = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "lab play D3" in shown.stdout


def test_whoever_reads_may_stop_reading():
    ended, closed = os.pipe()
    os.close(ended)
    command = [sys.executable, "-m", "lab", "list"]
    done = subprocess.run(command, cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    os.close(closed)
    assert (done.returncode, done.stderr) == (141, "")
