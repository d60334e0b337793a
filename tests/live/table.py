"""Table: which client passes which check, as Markdown (`python -m tests.live.table`)."""

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

CLIENTS = Path(__file__).parent / "clients"
PASSED, FAILED, SKIPPED = "yes", "**no**", "–"


def outcomes(report: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """(check, client) -> how it went, and why it was not tried."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for case in ET.parse(report).iter("testcase"):
        client = (case.get("classname") or "").rpartition(".")[2].removeprefix("Test")
        check = (case.get("name") or "").removeprefix("test_").replace("_", " ")
        skipped = case.find("skipped")
        wrong = case.find("failure") is not None or case.find("error") is not None
        how = SKIPPED if skipped is not None else FAILED if wrong else PASSED
        found[check, client] = how, (skipped.get("message") or "") if skipped is not None else ""
    return found


def table(found: dict[tuple[str, str], tuple[str, str]]) -> str:
    """A row a check, a column a client; below it, what was not tried and why."""
    clients = list(dict.fromkeys(client for _, client in found))
    checks = list(dict.fromkeys(check for check, _ in found))
    rows = [
        f"| {check} | " + " | ".join(found.get((check, client), (SKIPPED, ""))[0] for client in clients) + " |"
        for check in checks
    ]
    reasons = dict.fromkeys(reason for _, reason in found.values() if reason)
    return "\n".join((
        "| check | " + " | ".join(clients) + " |", "|---" * (len(clients) + 1) + "|", *rows, "",
        *(f"– {reason}" for reason in reasons),
    ))  # fmt: skip


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = (sys.executable, "-m", "pytest", "-q", "-m", "slow or not slow", f"--junitxml={report}", str(CLIENTS))
        code = subprocess.run(command, check=False, stdout=sys.stderr).returncode
        print(table(outcomes(report)))
    return code


if __name__ == "__main__":
    sys.exit(main())
