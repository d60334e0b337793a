"""KNOWN: the differences that stay, each under the row of `docs/differences.md` which tells of it."""

import re
from dataclasses import dataclass

from tests.live.witness.comparing import Difference

ANY = ".*"


@dataclass(frozen=True)
class Known:
    """`row`: the first cell of the row. The others are regular expressions for the whole of a word."""

    row: str
    api: str
    field: str
    case: str = ANY

    def covers(self, one: Difference) -> bool:
        return all(
            re.fullmatch(pattern, word)
            for pattern, word in ((self.api, one.api), (self.field, one.field), (self.case, one.case))
        )


SENTENCES = "Sentences beside errors"
OFFERED = "Which settings there are"
BATCHES = "What is no batch"
QUORUM = "DescribeQuorum"
UNITS = "`log.retention.ms`, `log.retention.minutes`, `log.roll.ms`"
ABSENT = r"compression\.(gzip|lz4|zstd)|remote|local|segment\.jitter|preallocate|num\.io|broker\.id"
ALL = (
    Known("Which APIs, in which versions", "api_versions", r"api_keys.*"),
    Known("Features of the cluster", "api_versions", r"\w+_features.*"),
    Known("The id of a topic that is only tried", "create_topics", r"topics\[.*\]\.topic_id", "validate_only"),
    Known("`min.cleanable.dirty.ratio`", "create_topics|describe_configs", r".*\[min\.cleanable\.dirty\.ratio.*"),
    Known(OFFERED, "create_topics|describe_configs", rf".*\.configs\[({ABSENT}).*"),
    Known("Types in a description", "describe_configs", r".*\.config_type"),
    Known(UNITS, "describe_configs", r".*synonyms\[log\.retention\.hours\].*|.*configs\[log\.retention\.ms\]\.value"),
    Known("The name of a topic that has none", "metadata", r"topics\[.*\]\.name", "an empty name"),
    Known(SENTENCES, ANY, r".*error_message"),
    Known("Text that is not UTF-8", "frames", ANY, "a word of another coding"),
    Known("A broker's setting that nobody knows", "incremental_alter_configs", r".*error_code",
          "an unknown one of a broker"),
    Known("A change of one broker's settings", "incremental_alter_configs", r".*error_code", "an unknown broker"),
    Known("The size of a disk", "describe_log_dirs", r".*_bytes"),
    Known(QUORUM, "describe_quorum", ANY, "the metadata log|three observers"),
    Known(BATCHES, "produce", ANY, "no records"),
    Known(BATCHES, "produce", r".*\.(error_code|log_start_offset)",
          "magic 3|an unknown codec|gzip that is none|a batch without records|a count that is wrong"),
)  # fmt: skip


def of(one: Difference) -> Known | None:
    return next((known for known in ALL if known.covers(one)), None)
