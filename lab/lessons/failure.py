"""write_failure: a run that broke a promise becomes a scenario file, which opens at the instant it broke.

Its cluster, seed and script are those of the run, so it comes to the same world. A promise that is watched stops it
there, as it stopped the run. What a healed cluster owes is no claim about an instant: it is the file's last check.
"""

from pathlib import Path

from lab.cluster.fuzzing.fuzz import Failure, Run
from lab.lessons.writer import fields, lines_of, lines_of_script, write_file

FOLDER = Path("out/fuzz")


def write_failure(run: Run, found: Failure, folder: Path = FOLDER) -> Path:
    """Keep a failed run."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"seed-{run.plan.seed}.md"
    claim = _plain(found.claim)
    write_file(path, _head(run, found, claim), _body(run, found, claim))
    return path


def _head(run: Run, found: Failure, claim: str) -> list[str]:
    card = {
        "code": f"seed {run.plan.seed}", "track": "Failures", "order": 900, "minutes": 1, "summary": claim[:300],
        "opens_at_us": max(found.time, 0),
    }  # fmt: skip
    check = ["", "[[check]]", *fields({"finally": 'owed() == ""', "text": claim[:300]})] if found.at_rest else []
    return [*fields(card), *lines_of_script(run.deeds), *lines_of(run.plan.spec), *check]


def _body(run: Run, found: Failure, claim: str) -> str:
    done = "\n".join(f"- {at / 1e6:.6f} s: {_plain(action.describe())}" for at, action in run.plan.actions)
    return f"""
# Seed {run.plan.seed} breaks a promise

## Where it broke
At {found.time / 1e6:.6f} s, event {found.event_number:,}: {claim}

{"What was done before:" if done else "Nothing was done to the cluster before."}

{done}

Go back from here, event by event, to see why.
"""


def _plain(text: str) -> str:
    """As prose may say it: one line, and nothing in braces, which would be an expression."""
    return " ".join(text.replace("{", "(").replace("}", ")").split())
