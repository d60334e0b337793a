"""Words: what a scenario's expressions may ask of the engine, the ledger and the run so far.

Each word is a function of the world and a few plain arguments; its docstring is its line in the reference.
Reading changes nothing.
One file a theme.
"""

from lab.cluster.words import (
    groups,
    history,
    outcomes,
    partitions,
    producers,
    programs,
    quorum,
    reading,
    records,
    replicas,
    safety,
    settings,
    shares,
    storage,
    transactions,
)
from lab.cluster.words.word import WORDS, Value, Word

__all__ = [
    "WORDS",
    "Value",
    "Word",
    "groups",
    "history",
    "outcomes",
    "partitions",
    "producers",
    "programs",
    "quorum",
    "reading",
    "records",
    "replicas",
    "safety",
    "settings",
    "shares",
    "storage",
    "transactions",
]
