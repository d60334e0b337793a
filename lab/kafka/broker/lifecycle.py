"""Lifecycle: a broker signs on, reports, and signs off (spec 3.5)."""

from lab.env import Micros, millis
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import (
    BrokerHeartbeatRequest,
    BrokerHeartbeatResponse,
    BrokerRegistrationRequest,
    BrokerRegistrationResponse,
)

REGISTERING, STARTING, RUNNING, STOPPING = "registering", "starting", "running", "stopping"
STARTING_INTERVAL: Micros = millis(10)
STOPPING_INTERVAL: Micros = millis(50)
RETRY: Micros = millis(200)


class Lifecycle:
    """What this broker and the controller know of each other."""

    __slots__ = ("broker_epoch", "broker_id", "config", "fenced", "host", "incarnation_id",
                 "previous_broker_epoch", "stage")  # fmt: skip

    def __init__(self, broker_id: int, config: BrokerConfig) -> None:
        self.broker_id = broker_id
        self.config = config
        self.host = ""
        self.incarnation_id = ""
        self.broker_epoch = -1
        self.previous_broker_epoch = -1
        self.stage = REGISTERING
        self.fenced = True

    def request(self, metadata_offset: int) -> BrokerRegistrationRequest | BrokerHeartbeatRequest:
        """What to tell the controller next."""
        if self.stage == REGISTERING:
            return BrokerRegistrationRequest(
                self.broker_id, self.host, self.incarnation_id, self.config.broker_rack or None,
                self.previous_broker_epoch,
            )  # fmt: skip
        caught_up = metadata_offset > self.broker_epoch
        return BrokerHeartbeatRequest(
            self.broker_id,
            self.broker_epoch,
            metadata_offset,
            not caught_up,
            self.stage == STOPPING,
        )

    def registered(self, response: BrokerRegistrationResponse) -> None:
        """The controller's answer; a refused registration is tried again."""
        if response.error_code is ErrorCode.NONE:
            self.broker_epoch = response.broker_epoch
            self.stage = STARTING

    def heard(self, response: BrokerHeartbeatResponse) -> bool:
        """The controller's answer to a heartbeat. Returns whether to stop now."""
        if response.error_code in (
            ErrorCode.STALE_BROKER_EPOCH,
            ErrorCode.BROKER_ID_NOT_REGISTERED,
        ):
            if self.stage != STOPPING:
                self.stage = REGISTERING
            return self.stage == STOPPING
        if response.error_code is ErrorCode.NOT_CONTROLLER:
            return False
        self.fenced = response.is_fenced
        if self.stage == STARTING and not response.is_fenced:
            self.stage = RUNNING
        return response.should_shut_down

    def interval(self) -> Micros:
        """How long until the next report."""
        if self.stage == RUNNING:
            return millis(self.config.broker_heartbeat_interval_ms)
        if self.stage == STOPPING:
            return STOPPING_INTERVAL
        return RETRY if self.stage == REGISTERING else STARTING_INTERVAL
