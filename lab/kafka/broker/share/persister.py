"""Persister: asks share coordinators, wherever they are, and asks again (Kafka's DefaultStatePersister)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.env import Address, Env, Micros, address, millis
from lab.kafka.broker.share.states import STATE_TOPIC, state_partition
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_state import ShareStateRequest, ShareStateResponse
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, NewTopic
from lab.kafka.rpc.envelope import Request

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

CHANNEL = "share"
HERE: Address = ""
"""Whom this broker answers when it is its own share coordinator."""
BACKOFF: Micros = millis(100)
BACKOFF_MAX: Micros = millis(1_000)
ATTEMPTS = 12
REQUEST_BYTES = 160
TRY_AGAIN = (
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.NETWORK_EXCEPTION,
    ErrorCode.REQUEST_TIMED_OUT,
)


@dataclass(slots=True)
class Call:
    """One question. `target`: whom it was sent to; none while it waits to be asked (again). `at`: when it is given up,
    or asked. `job`: the administrator's job that it belongs to; 0: none.
    """

    request: ShareStateRequest
    job: int = 0
    attempt: int = 0
    target: Address | None = None
    at: Micros = 0


class Persister:
    """Questions by number; those without an answer yet."""

    def __init__(self) -> None:
        self.calls: dict[int, Call] = {}
        self.heard: list[tuple[Call, ShareStateResponse]] = []

    def ask(self, broker: "Broker", env: Env, request: ShareStateRequest, job: int = 0) -> None:
        """The answer will be among `heard`."""
        self._send(broker, env, Call(request, job))

    def _send(self, broker: "Broker", env: Env, call: Call) -> None:
        broker.correlation_id += 1
        number = broker.correlation_id
        self.calls[number] = call
        call.attempt += 1
        topic = broker.image.topics.get(STATE_TOPIC)
        leader_id = -1
        if topic is None:
            if call.attempt == 1:
                _create(broker, env)
        else:
            request = call.request
            leader_id = topic.partitions[
                state_partition(request.group_id, request.partition, len(topic.partitions))
            ].leader_id
        leader = broker.image.brokers.get(leader_id)
        if leader is None or leader.fenced:
            self.answered(env, number, ShareStateResponse(ErrorCode.COORDINATOR_NOT_AVAILABLE))
            return
        call.at = env.now + millis(broker.config.share_coordinator_write_timeout_ms)
        if leader_id == broker.broker_id:
            call.target = HERE
            assert broker.sharing is not None
            broker.sharing.state_asked(broker, env, call.request, (HERE, number))
        else:
            call.target = address(leader.host, CHANNEL)
            env.send(call.target, Request(number, env.name, call.request), REQUEST_BYTES)

    def answered(self, env: Env, number: int, answer: ShareStateResponse) -> None:
        """An answer, or what is as good as one. It is looked at in a turn of its own."""
        call = self.calls.pop(number, None)
        if call is None:
            return  # given up
        if answer.error_code in TRY_AGAIN and call.attempt < ATTEMPTS:
            call.target = None
            call.at = env.now + min(BACKOFF << (call.attempt - 1), BACKOFF_MAX)
            self.calls[number] = call
        else:
            self.heard.append((call, answer))

    def lost(self, env: Env, host: str) -> None:
        """A broker's process is gone, and with it what was asked of it."""
        self._failed(env, [number for number, one in self.calls.items() if one.target == address(host, CHANNEL)])

    def _failed(self, env: Env, numbers: list[int]) -> None:
        for number in numbers:
            self.answered(env, number, ShareStateResponse(ErrorCode.NETWORK_EXCEPTION))

    def wake(self, broker: "Broker", env: Env) -> None:
        """Give up what takes too long, ask again what has waited long enough."""
        due = [number for number, one in self.calls.items() if one.at <= env.now]
        self._failed(env, [number for number in due if self.calls[number].target is not None])
        for number in due:
            call = self.calls.get(number)
            if call is not None and call.target is None and call.at <= env.now:
                del self.calls[number]
                self._send(broker, env, call)

    def next_deadline(self, now: Micros) -> Micros | None:
        """When something is to be looked at."""
        if self.heard:
            return now
        return min((one.at for one in self.calls.values()), default=None)


def _create(broker: "Broker", env: Env) -> None:
    config = broker.config
    factor = min(config.share_coordinator_state_topic_replication_factor, len(broker.image.brokers))
    configs = {"cleanup.policy": "delete", "retention.ms": "-1", "segment.bytes": "104857600"}
    least = min(config.share_coordinator_state_topic_min_isr, factor)
    configs["min.insync.replicas"] = str(least)
    topic = NewTopic(STATE_TOPIC, config.share_coordinator_state_topic_num_partitions, factor, configs)
    broker.ask_controller(env, "create", CreateTopicsRequest((topic,)))
