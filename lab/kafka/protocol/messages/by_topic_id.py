"""ByTopicId: a request of a real client that calls topics by their ids (KIP-516)."""

from dataclasses import dataclass


@dataclass(slots=True)
class ByTopicId:
    """`request`: one of the others, with ids where names belong; so is what answers it. Simulated clients say names,
    and the id beside them where it matters.
    """

    request: object
