"""AdminApp: the administrator's client. Orders become real requests, tried again while that may help."""

from dataclasses import dataclass
from typing import TypeAlias

from lab.env import Address, Env, Micros, Timer, address, millis
from lab.kafka import facts
from lab.kafka.clients.descriptions import acls_text, classic_text, consumer_text, settings_text, transaction_text
from lab.kafka.clients.hanging import Search
from lab.kafka.clients.metadata import Metadata
from lab.kafka.orders import (
    AbortHanging,
    Admin,
    AskCoordinator,
    AskTransactionCoordinator,
    DescribeProducers,
    FindHanging,
    ResetGroup,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import CreateAclsResponse, DeleteAclsResponse
from lab.kafka.protocol.messages.configs import (
    AlterConfigsResponse,
    ConfigResource,
    DescribeConfigsRequest,
    DescribeConfigsResponse,
    ResourceType,
)
from lab.kafka.protocol.messages.consumer_groups import ConsumerGroupDescribeResponse
from lab.kafka.protocol.messages.envelope import EnvelopeResponse
from lab.kafka.protocol.messages.find_coordinator import (
    TRANSACTION,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)
from lab.kafka.protocol.messages.group_admin import (
    DeleteGroupsResponse,
    ListGroupsRequest,
    ListGroupsResponse,
    OffsetDeleteResponse,
)
from lab.kafka.protocol.messages.groups import DescribedGroup, DescribeGroupsRequest, DescribeGroupsResponse
from lab.kafka.protocol.messages.list_offsets import (
    EARLIEST,
    LATEST,
    ListOffsetsRequest,
    ListOffsetsResponse,
)
from lab.kafka.protocol.messages.metadata import MetadataRequest, MetadataResponse
from lab.kafka.protocol.messages.offsets import (
    CommittedOffset,
    OffsetCommitRequest,
    OffsetCommitResponse,
)
from lab.kafka.protocol.messages.reassignments import (
    AlterPartitionReassignmentsResponse,
    UnregisterBrokerResponse,
    UpdateFeaturesResponse,
)
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsResponse,
    CreateTopicsResponse,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteTopicsResponse,
    ElectLeadersResponse,
)
from lab.kafka.protocol.messages.transaction_admin import (
    DescribeTransactionsResponse,
    ListTransactionsRequest,
    ListTransactionsResponse,
)
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.envelope import Response
from lab.kafka.rpc.network_client import NetworkClient

TRIES = 100
PAUSE: Micros = millis(300)
TIMEOUT: Micros = millis(15_000)
REQUEST_BYTES = 128
TICK = "tick"
LONG_AGO: Micros = -(1 << 62)
REQUESTS = (Admin, AskCoordinator, AskTransactionCoordinator)
"""Orders that are one request, and are called by its name."""


Order: TypeAlias = (
    Admin | AskCoordinator | AskTransactionCoordinator | ResetGroup | DescribeProducers | FindHanging | AbortHanging
)


@dataclass(slots=True)
class Job:
    """One order under way. A reset goes through stages: metadata, offsets by leader, coordinator, commit. What has to
    do with hanging transactions is a search.
    """

    order: Order
    tries: int = 0
    out: int = 0
    retry_at: Micros = LONG_AGO
    offsets: dict[TopicPartition, int] | None = None
    coordinator: Address = ""
    listed: tuple[str, ...] = ()
    search: Search | None = None


class AdminApp:
    """Carries orders out one after another."""

    def __init__(self, bootstrap: tuple[str, ...]) -> None:
        self.metadata = Metadata(bootstrap, ())
        self.net = NetworkClient("admin", TIMEOUT)
        self.jobs: list[Job] = []

    def start(self, env: Env) -> None:
        """Nothing to do until an order comes."""

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """An order, or an answer."""
        if isinstance(body, Response):
            if self.net.answered(body.correlation_id) is not None and self.jobs:
                self.jobs[0].out -= 1
                self._answered(env, self.jobs[0], body.body)
        else:
            assert isinstance(body, Order), body
            self.jobs.append(Job(body))
        self._advance(env)

    def disconnected(self, env: Env, peer: Address) -> None:
        """A broker is gone: try again, with another one."""
        lost = self.net.lost(peer)
        if lost and self.jobs:
            self.jobs[0].out -= len(lost)
            self._again(env, self.jobs[0], "NETWORK_EXCEPTION")
        self._advance(env)

    def wake(self, env: Env, timer: Timer) -> None:
        """Time to try again, or to give up waiting."""
        late = self.net.expired(env.now)
        if late and self.jobs:
            self.jobs[0].out -= len(late)
            self._again(env, self.jobs[0], "REQUEST_TIMED_OUT")
        self._advance(env)

    # --- the first job ----------------------------------------------------------------------------

    def _advance(self, env: Env) -> None:
        if not self.jobs:
            return
        job = self.jobs[0]
        if job.out == 0 and env.now >= job.retry_at:
            self._send_next(env, job)
        env.set_timer(TICK, max(job.retry_at, env.now + PAUSE))

    def _send_next(self, env: Env, job: Job) -> None:
        if not self.metadata.brokers or self.metadata.needed:
            self._ask(env, job, self.metadata.someone(self.net), MetadataRequest(None))
        elif isinstance(job.order, Admin):
            self._send_order(env, job, job.order.body)
        elif isinstance(job.order, (DescribeProducers, FindHanging, AbortHanging)):
            self._search_on(env, job, job.order)
        elif isinstance(job.order, ResetGroup) and job.offsets is None:
            self._list_offsets(env, job, job.order)
        elif not job.coordinator:
            self._ask(
                env,
                job,
                self.metadata.someone(self.net),
                _coordinator_of(job.order),
            )
        elif isinstance(job.order, (AskCoordinator, AskTransactionCoordinator)):
            self._ask(env, job, job.coordinator, job.order.body)
        elif job.offsets is not None:
            offsets = {one: CommittedOffset(offset) for one, offset in job.offsets.items()}
            self._ask(env, job, job.coordinator, OffsetCommitRequest(job.order.group_id, -1, "", offsets))

    def _ask(self, env: Env, job: Job, target: Address, body: object) -> None:
        job.out += 1
        self.net.send(env, target, body, REQUEST_BYTES, "job")

    def _send_order(self, env: Env, job: Job, body: object) -> None:
        """DeleteRecords goes to the leaders, what is listed to everybody, a question for settings to whom they are of,
        all else to any broker.
        """
        if isinstance(body, (ListGroupsRequest, ListTransactionsRequest)):
            job.listed = ()
            for host in self.metadata.brokers.values():
                self._ask(env, job, address(host), body)
            return
        if isinstance(body, DescribeConfigsRequest):
            (resource,) = body.resources
            self._ask(env, job, self._describer(resource), body)
            return
        if not isinstance(body, DeleteRecordsRequest):
            self._ask(env, job, self.metadata.someone(self.net), body)
            return
        for host, partitions in self._by_leader(tuple(body.offsets)).items():
            self._ask(
                env,
                job,
                address(host),
                DeleteRecordsRequest({one: body.offsets[one] for one in partitions}),
            )

    def _search_on(self, env: Env, job: Job, order: DescribeProducers | FindHanging | AbortHanging) -> None:
        """The next round, or what came of the last."""
        search = job.search
        if search is None:
            search = job.search = Search(order)
        questions = search.questions(self.metadata, self.metadata.someone(self.net), env.wall_time_ms)
        for target, body in questions:
            self._ask(env, job, target, body)
        if not questions and search.stage == "over":
            self._end(env, job, search.wrong, search.text)

    def _describer(self, resource: ConfigResource) -> Address:
        """Only a broker itself knows what stands in its `server.properties`."""
        known = self.metadata.brokers
        if resource.type is ResourceType.BROKER and resource.name.isdecimal() and int(resource.name) in known:
            return address(known[int(resource.name)])
        return self.metadata.someone(self.net)

    def _by_leader(self, partitions: tuple[TopicPartition, ...]) -> dict[str, list[TopicPartition]]:
        found: dict[str, list[TopicPartition]] = {}
        for one in partitions:
            host = self.metadata.leader_of(one)
            if host is not None:
                found.setdefault(host, []).append(one)
        self.metadata.needed = not found
        return found

    def _list_offsets(self, env: Env, job: Job, order: ResetGroup) -> None:
        partitions = tuple(
            TopicPartition(topic, index)
            for topic in order.topics
            for index in range(self.metadata.counts.get(topic, 0))
        )
        if order.to == "offset":
            job.offsets = dict.fromkeys(partitions, order.value)
            self._send_next(env, job)
            return
        timestamp = {"earliest": EARLIEST, "latest": LATEST}.get(order.to, order.value)
        for host, mine in self._by_leader(partitions).items():
            self._ask(
                env,
                job,
                address(host),
                ListOffsetsRequest(-1, dict.fromkeys(mine, (timestamp, -1))),
            )

    # --- answers ----------------------------------------------------------------------------------

    def _answered(self, env: Env, job: Job, body: object) -> None:
        match body:
            case MetadataResponse():
                self.metadata.update(body, env.now)
                self.metadata.needed = False
            case _ if job.search is not None:
                self._found(env, job, job.search, job.search.heard(body))
            case DescribeTransactionsResponse():
                one = body.transactions[0]
                wrong = [one.error_code] if one.error_code else []
                self._settled(env, job, wrong, "" if wrong else transaction_text(one))
            case ListTransactionsResponse():
                job.listed += tuple(f"{one.transactional_id} ({one.transaction_state})" for one in body.transactions)
                self._settled(env, job, [], ", ".join(sorted(job.listed)) or "none")
            case ListOffsetsResponse():
                self._listed(env, job, body)
            case FindCoordinatorResponse():
                if body.error_code is ErrorCode.NONE:
                    job.coordinator = address(body.host, "coordinator")
                else:
                    self._again(env, job, body.error_code.name)
            case OffsetCommitResponse():
                self._settled(env, job, [one for one in body.partitions.values() if one], "")
            case ListGroupsResponse():
                job.listed += tuple(f"{one.group_id} ({one.group_type}, {one.group_state})" for one in body.groups)
                self._settled(env, job, [], ", ".join(sorted(job.listed)) or "none")
            case DeleteGroupsResponse():
                self._settled(env, job, [one for one in body.groups.values() if one], "")
            case OffsetDeleteResponse():
                errors = [one for one in (body.error_code, *body.partitions.values()) if one]
                self._settled(env, job, errors, "")
            case ConsumerGroupDescribeResponse() | DescribeGroupsResponse():
                self._described(env, job, body)
            case DeleteRecordsResponse():
                self._settled(env, job, [error for error, _ in body.partitions.values() if error], "")
            case EnvelopeResponse():
                self._settled(env, job, [body.error_code], "")
            case ElectLeadersResponse():
                self._settled(env, job, [one for one in body.partitions.values() if one], "")
            case AlterPartitionReassignmentsResponse():
                wrong = [one for one in body.partitions.values() if one[0]]
                self._settled(env, job, [error for error, _ in wrong], wrong[0][1] if wrong else "")
            case AlterConfigsResponse():
                failed = [one for one in body.resources.values() if one[0]]
                self._settled(env, job, [error for error, _ in failed], failed[0][1] if failed else "")
            case DescribeConfigsResponse():
                refused = [one for one in body.resources.values() if one.error_code]
                text = refused[0].error_message if refused else settings_text(body)
                self._settled(env, job, [one.error_code for one in refused], text)
            case CreateAclsResponse():
                wrong = [one for one in body.results if one.error_code]
                self._settled(env, job, [one.error_code for one in wrong], wrong[0].error_message if wrong else "")
            case DeleteAclsResponse():
                wrong = [one for one in body.filter_results if one.error_code]
                text = wrong[0].error_message if wrong else acls_text(body)
                self._settled(env, job, [one.error_code for one in wrong], text)
            case UnregisterBrokerResponse() | UpdateFeaturesResponse():
                self._settled(env, job, [body.error_code] if body.error_code else [], body.error_message)
            case CreateTopicsResponse() | DeleteTopicsResponse() | CreatePartitionsResponse():
                failed = [one for one in body.topics if one.error_code]
                text = (failed[0].error_message or "") if failed else ""
                self._settled(env, job, [one.error_code for one in failed], text)
            case _:
                raise AssertionError(body)

    def _described(self, env: Env, job: Job, body: ConsumerGroupDescribeResponse | DescribeGroupsResponse) -> None:
        """Asked about as one of the consumer protocol first; if there is none of that name, as a classic one."""
        group = body.groups[0]
        if isinstance(group, DescribedGroup):
            self._settled(env, job, [group.error_code] if group.error_code else [], classic_text(group))
        elif group.error_code is ErrorCode.GROUP_ID_NOT_FOUND:
            job.order = AskCoordinator(group.group_id, DescribeGroupsRequest((group.group_id,)))
        else:
            self._settled(env, job, [group.error_code] if group.error_code else [], consumer_text(group))

    def _found(self, env: Env, job: Job, search: Search, errors: list[ErrorCode]) -> None:
        """An answer in a search. One that fails begins anew, with metadata; a marker that is written settles it."""
        if errors:
            job.search = None
            self._settled(env, job, errors, "")
        elif search.stage == "ending":
            self._settled(env, job, [], search.text)

    def _listed(self, env: Env, job: Job, body: ListOffsetsResponse) -> None:
        """Where no record is so young, the end of the log."""
        for one in body.partitions.values():
            if one.error_code:
                self._again(env, job, one.error_code.name)
                return
        found = {partition: one.offset for partition, one in body.partitions.items()}
        job.offsets = {**(job.offsets or {}), **found}
        if job.out == 0 and any(offset < 0 for offset in job.offsets.values()):
            assert isinstance(job.order, ResetGroup)
            job.offsets = None
            job.order = ResetGroup(job.order.group_id, job.order.topics, "latest")

    def _settled(self, env: Env, job: Job, errors: list[ErrorCode], text: str) -> None:
        self.metadata.needed = True
        if errors and errors[0].retriable:
            self._again(env, job, errors[0].name)
        elif job.out == 0 or errors:
            self._end(env, job, errors[0].name if errors else "", text)

    def _again(self, env: Env, job: Job, error: str) -> None:
        self._forget_questions(job)
        self.metadata.needed = True
        job.coordinator = ""
        job.search = None
        job.tries += 1
        job.retry_at = env.now + PAUSE
        if job.tries >= TRIES:
            self._end(env, job, error, "")

    def _forget_questions(self, job: Job) -> None:
        """What was asked of others besides: their answers are none to the next try, nor to the next job."""
        self.net.in_flight.clear()
        job.out = 0

    def _end(self, env: Env, job: Job, error: str, text: str) -> None:
        self._forget_questions(job)
        order = job.order
        name = type(order.body if isinstance(order, REQUESTS) else order).__name__
        env.tell(facts.AdminResult(name, error, text))
        self.jobs.remove(job)


def _coordinator_of(order: AskCoordinator | AskTransactionCoordinator | ResetGroup) -> FindCoordinatorRequest:
    if isinstance(order, AskTransactionCoordinator):
        return FindCoordinatorRequest(order.transactional_id, TRANSACTION)
    return FindCoordinatorRequest(order.group_id)
