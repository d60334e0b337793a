"""Mutants: lies put into the engine on purpose, and the hunt for them; `lab fuzz --mutants` hunts them all.

A mutant that nobody finds shows a promise that nobody watches. Each file that is called for mutants has its own in
`HUNTED`. A lie is told in memory only and taken back after its hunt: no file changes.
"""

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from lab.cluster.fuzzing import fuzz
from lab.cluster.fuzzing.swarm import Plan, trouble

ROOT = Path(__file__).parent
FOUND_PERCENT = 95
"""Fewer found, and the command fails."""
WIDTHS = (58, 74, 20)

Tell = Callable[[], str]
"""Runs a story, and says what was found wrong in it; empty if nothing was."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """`lie` changes the engine. `claim` is how that begins which must find it, in one of `stories`, tried in turn."""

    lie: Callable[[pytest.MonkeyPatch], None]
    claim: str
    stories: Mapping[str, Tell]

    @property
    def name(self) -> str:
        return self.lie.__name__

    def hunt(self, patch: pytest.MonkeyPatch) -> "Hunt":
        """Tell the lie, and the stories until one finds it."""
        self.lie(patch)
        heard: dict[str, str] = {}
        for story, tell in self.stories.items():
            heard[story] = tell()
            if heard[story].startswith(self.claim):
                return Hunt(self, story, heard)
        return Hunt(self, "", heard)


@dataclass(frozen=True, slots=True)
class Hunt:
    """How a hunt went: the story that found the mutant, empty if none did, and what each one said."""

    mutant: Mutant
    story: str
    heard: Mapping[str, str]

    def __str__(self) -> str:
        said = {story: claim or "nothing" for story, claim in self.heard.items()}
        return f"{self.mutant.name}: nobody said {self.mutant.claim!r}, but {said}"


def of_plan(drawn: Plan) -> str:
    """What fails in the run of a plan."""
    found = fuzz.Run(drawn).failure()
    return found.claim if found is not None else ""


def in_plan(drawn: Plan) -> dict[str, Tell]:
    """One story: a plan made for it."""
    return {"own plan": partial(of_plan, drawn)}


def in_seeds(seeds: Iterable[int], draw: Callable[[int], Plan] = trouble) -> dict[str, Tell]:
    """The plans that are drawn from seeds."""
    return {f"seed {seed}": lambda seed=seed: of_plan(draw(seed)) for seed in dict.fromkeys(seeds)}


def name_of(mutant: Mutant) -> str:
    """For pytest."""
    return mutant.name


# --- the command ----------------------------------------------------------------------------------


def all_mutants() -> Iterator[Mutant]:
    """Those of all files, in the order of their paths."""
    for path in sorted(ROOT.rglob("test_*mutants*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        yield from importlib.import_module(".".join(parts)).HUNTED


def row(*cells: str) -> str:
    return "".join(f"{cell[: width - 2]:{width}}" for cell, width in zip(cells, WIDTHS, strict=False)) + cells[-1]


def main() -> int:
    """Hunt all mutants and print a table; 1 if fewer than `FOUND_PERCENT` are found, else 0."""
    begun = monotonic()
    missed: list[Hunt] = []
    count = 0
    print(row("name", "found by", "seed", "ok"))
    for mutant in all_mutants():
        with pytest.MonkeyPatch.context() as patch:
            hunt = mutant.hunt(patch)
        count += 1
        if not hunt.story:
            missed.append(hunt)
        by = hunt.heard[hunt.story].split(":", 1)[0] if hunt.story else ""
        print(row(mutant.name, by, hunt.story, "ok" if hunt.story else "missed"), flush=True)
    print(f"{count - len(missed)} of {count} mutants found in {monotonic() - begun:.0f} s, wanted {FOUND_PERCENT} %")
    for hunt in missed:
        print(f"  {hunt}")
    return int((count - len(missed)) * 100 < count * FOUND_PERCENT)


if __name__ == "__main__":
    sys.exit(main())
