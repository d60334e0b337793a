"""Assignors: which member of a group reads which partition (spec 4.5). Computed by the group's leader."""

from lab.kafka.clients.assignors.range import assign_range
from lab.kafka.clients.assignors.round_robin import assign_round_robin
from lab.kafka.clients.assignors.sticky import assign_cooperative_sticky, assign_sticky
from lab.kafka.clients.assignors.subscription import Assignor

ASSIGNORS: dict[str, Assignor] = {
    "range": assign_range,
    "roundrobin": assign_round_robin,
    "sticky": assign_sticky,
    "cooperative-sticky": assign_cooperative_sticky,
}
"""By the name that travels in JoinGroup."""
