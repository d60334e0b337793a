"""Client: who speaks to a coordinator, and from where, as it is told of a member."""

from typing import NamedTuple


class Client(NamedTuple):
    """Its own name for itself, and its host as Kafka writes it: `/127.0.0.1`; of a simulated client its machine."""

    client_id: str
    client_host: str
