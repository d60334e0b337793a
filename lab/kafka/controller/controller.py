"""Controller: what is known to whoever decides. Its image changes only by replaying records.

The decisions (request in, records and response out) are functions over it, in one module for each thing decided on.
"""

from dataclasses import dataclass, field

from lab.env import Micros
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import MetadataRecord
from lab.kafka.metadata.settings import cluster_settings

UNCLEAN = "unclean.leader.election.enable"


@dataclass(slots=True)
class Decision:
    """What to write, and what to answer once it is committed."""

    response: object
    records: list[MetadataRecord] = field(default_factory=list[MetadataRecord])


@dataclass(slots=True)
class Session:
    """What the controller remembers of a broker besides the log: when it was heard last, and how far it has read."""

    heard_at: Micros
    metadata_offset: int = -1
    shutdown_offset: int = -1


class Controller:
    """Nothing here is changed but by `replay`, except sessions, which no record holds."""

    def __init__(self, config: BrokerConfig, image: MetadataImage) -> None:
        self.config = config
        self.image = image
        self.sessions: dict[int, Session] = {}

    def unclean_allowed(self, topic: str) -> bool:
        """`unclean.leader.election.enable` of a topic, else of all brokers, else as this controller was set up."""
        image = self.image.topics.get(topic)
        if image is None:
            return False
        found = image.config.get(UNCLEAN) or cluster_settings(self.image).get(UNCLEAN)
        return found.lower() == "true" if found else self.config.unclean_leader_election_enable
