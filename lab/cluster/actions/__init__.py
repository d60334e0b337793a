"""What may be done: one file a theme, one class an action.

An action is frozen data kept in the journal, so that it can be done again. Its fields become the form
in the window and the keywords of a scenario, its docstring the tooltip.
"""

from lab.cluster.actions import (
    access,
    audits,
    clients,
    disks,
    groups,
    heap,
    keys,
    load,
    machines,
    network,
    programs,
    replicas,
    settings,
    shares,
    stand_ins,
    topics,
    transactions,
)
from lab.cluster.actions.base import ACTIONS, ClusterAction, action_from

__all__ = [
    "ACTIONS",
    "ClusterAction",
    "access",
    "action_from",
    "audits",
    "clients",
    "disks",
    "groups",
    "heap",
    "keys",
    "load",
    "machines",
    "network",
    "programs",
    "replicas",
    "settings",
    "shares",
    "stand_ins",
    "topics",
    "transactions",
]
