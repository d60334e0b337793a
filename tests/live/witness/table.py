"""Table: every row of the script, and whether Kafka and ours answer it alike (`python -m tests.live.witness.table`)."""

import sys
from collections.abc import Iterable, Iterator

from tests.live.witness import known
from tests.live.witness.apache import VERSION, Missing
from tests.live.witness.comparing import NORMALISED, Difference
from tests.live.witness.session import PARTS, witness
from tests.live.witness.talk import Said

INTRODUCTION = f"""\
# Kafka as a witness

A script of requests is played to Apache Kafka {VERSION}, a controller and one broker, and to `lab serve` with one
broker: first in the highest version of each request that both hold, then in the lowest. Another script is played to
three brokers of each, of which one is killed and started again. Requests and answers go through the codec of `kio`,
which shares nothing with ours. Answers are compared field by field. What differs is listed in
[differences](differences.md); the row is named here.

This page is made by `python -m tests.live.witness.table > docs/witness.md`; the comparison is a test, which needs Java
and Maven: `tests/live/witness/test_witness.py::test_kafka_and_ours_answer_alike`.

Kafka's command-line tools are tried on a served cluster too (`tests/live/witness/test_tools.py::test_kafka_topics` and
those beside it), and its DumpLogSegments on the folder of one
(`tests/live/witness/test_dump.py::test_every_record_is_there_and_every_batch_is_sound`).
"""
RECORDS = """\
Records are compared by the heads of their batches, replicas in sync as a set; of answers to broken frames only whether
there is one, and its first field."""
Rows = Iterable[tuple[Said, list[Difference]]]


def page(scripts: dict[int, Rows]) -> str:
    """`scripts`: the rows by the number of brokers."""
    found = {brokers: list(rows) for brokers, rows in scripts.items()}
    every = [differs for rows in found.values() for _, differs in rows]
    alike = sum(not differs for differs in every)
    return "\n".join((
        INTRODUCTION, f"Of {len(every)} answers {alike} are the same in every field.", "",
        "## Fields that are not compared as they are", "", "| field | why |", "|---|---|",
        *(f"| `{name}` | {why} |" for name, (_, why) in NORMALISED.items()), "", RECORDS, "",
        *(line for brokers, rows in found.items() for line in _answers(brokers, rows)),
    ))  # fmt: skip


def _answers(brokers: int, rows: list[tuple[Said, list[Difference]]]) -> Iterator[str]:
    told: dict[tuple[str, str], list[tuple[int, list[Difference]]]] = {}
    for said, differs in rows:
        told.setdefault((said.api, said.case), []).append((said.version, differs))
    alike = sum(not differs for _, differs in rows)
    yield f"## {'One broker' if brokers == 1 else f'{brokers} brokers'}"
    yield ""
    yield f"Of {len(rows)} answers {alike} are the same."
    yield ""
    yield "| request | case | versions | same? |"
    yield "|---|---|---|---|"
    yield from (_row(api, case, answers) for (api, case), answers in told.items())
    yield ""


def _row(api: str, case: str, answers: list[tuple[int, list[Difference]]]) -> str:
    versions = ", ".join(str(version) for version, _ in answers) if api != "frames" else ""
    rows = {_listed(one): None for _, differs in answers for one in differs}
    return f"| {api} | {case} | {versions} | {'; '.join(rows) or 'yes'} |"


def _listed(one: Difference) -> str:
    found = known.of(one)
    return found.row if found is not None else f"**{one.field}: {one.apache!r}, ours {one.ours!r}**"


def main() -> int:
    try:
        print(page({brokers: witness(brokers) for brokers in PARTS}), end="")
    except Missing as why:
        print(why, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
