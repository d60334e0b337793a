"""Table: every row of the script, and whether Kafka and ours answer it alike (`python -m tests.live.witness.table`)."""

import sys
from collections.abc import Iterable

from tests.live.witness import known
from tests.live.witness.apache import VERSION, Missing
from tests.live.witness.comparing import NORMALISED, Difference
from tests.live.witness.session import witness
from tests.live.witness.talk import Said

INTRODUCTION = f"""\
# Kafka as a witness

One script of requests is played to Apache Kafka {VERSION}, one broker that is its own controller, and to `lab serve`
with one broker: first in the highest version of each request that both hold, then in the lowest. Requests and answers
go through the codec of `kio`, which shares nothing with ours. Answers are compared field by field. What differs is
listed in [differences](differences.md); the row is named here.

This page is made by `python -m tests.live.witness.table > docs/witness.md`; the comparison is a test, which needs Java
and Maven: `tests/live/witness/test_witness.py::test_kafka_and_ours_answer_alike`.

Kafka's command-line tools are tried on a served cluster too (`tests/live/witness/test_tools.py::test_kafka_topics` and
those beside it), and its DumpLogSegments on the folder of one
(`tests/live/witness/test_dump.py::test_every_record_is_there_and_every_batch_is_sound`).
"""
RECORDS = """\
Records are compared by the heads of their batches; of answers to broken frames only whether there is one, and its first
field."""
Rows = Iterable[tuple[Said, list[Difference]]]


def page(rows: Rows) -> str:
    found = list(rows)
    alike = sum(not differs for _, differs in found)
    told: dict[tuple[str, str], list[tuple[int, list[Difference]]]] = {}
    for said, differs in found:
        told.setdefault((said.api, said.case), []).append((said.version, differs))
    return "\n".join((
        INTRODUCTION, f"Of {len(found)} answers {alike} are the same in every field.", "",
        "## Fields that are not compared as they are", "", "| field | why |", "|---|---|",
        *(f"| `{name}` | {why} |" for name, (_, why) in NORMALISED.items()), "",
        RECORDS, "", "## Answers", "", "| request | case | versions | same? |", "|---|---|---|---|",
        *(_row(api, case, answers) for (api, case), answers in told.items()), "",
    ))  # fmt: skip


def _row(api: str, case: str, answers: list[tuple[int, list[Difference]]]) -> str:
    versions = ", ".join(str(version) for version, _ in answers) if api != "frames" else ""
    rows = {_listed(one): None for _, differs in answers for one in differs}
    return f"| {api} | {case} | {versions} | {'; '.join(rows) or 'yes'} |"


def _listed(one: Difference) -> str:
    found = known.of(one)
    return found.row if found is not None else f"**{one.field}: {one.apache!r}, ours {one.ours!r}**"


def main() -> int:
    try:
        print(page(witness(1)), end="")
    except Missing as why:
        print(why, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
