"""Limits: how much real clients may take, by Kafka's settings of a broker."""

from dataclasses import dataclass

from lab.kafka.config.broker import BrokerConfig


@dataclass(frozen=True, slots=True)
class Limits:
    """`queued_bytes` is negative for no limit."""

    request_bytes: int
    connections: int
    queued_requests: int
    queued_bytes: int
    idle_s: float

    @classmethod
    def of(cls, config: BrokerConfig) -> "Limits":
        """As a broker's settings say."""
        return cls(
            config.socket_request_max_bytes, config.max_connections, config.queued_max_requests,
            config.queued_max_request_bytes, config.connections_max_idle_ms / 1_000,
        )  # fmt: skip


USUAL = Limits.of(BrokerConfig())
