"""Access and Asker: the authorizer of a broker, and one who asks something of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from lab.kafka.broker.access.merging import merged
from lab.kafka.broker.context import HANDLERS, HANG_UP, NO_REPLY, PENDING, RequestContext
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.security import super_users
from lab.kafka.metadata.acls import Acls
from lab.kafka.metadata.authorizer import Principal, StandardAuthorizer
from lab.kafka.protocol.acls import CLUSTER_NAME, USER, AclOperation, ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.api_versions import ApiVersionsRequest
from lab.kafka.protocol.messages.by_topic_id import ByTopicId
from lab.kafka.protocol.messages.cluster import DescribeClusterRequest
from lab.kafka.protocol.messages.sasl import SaslAuthenticateRequest, SaslHandshakeRequest
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.request_channel import Rephrased

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

V = TypeVar("V")
NO_ACLS = Acls()
OPEN = (ApiVersionsRequest, SaslHandshakeRequest, SaslAuthenticateRequest, DescribeClusterRequest, ByTopicId)
"""What anybody may ask. The last is said again with names, and looked at then."""


@dataclass(slots=True)
class Refused:
    """What of an unanswered request was not allowed, as an answer to just that."""

    answer: object

    def rephrase(self, answer: object) -> object:
        """The whole answer."""
        return merged(answer, self.answer)


class Access:
    """The authorizer of one broker."""

    __slots__ = ("authorizer",)

    def __init__(self, config: BrokerConfig) -> None:
        self.authorizer = StandardAuthorizer(super_users(config.super_users), config.allow_everyone_if_no_acl_found)

    @classmethod
    def of(cls, config: BrokerConfig) -> "Access | None":
        """None where nobody is to be asked who they are."""
        return cls(config) if config.authorizer_class_name else None

    def answer(self, broker: "Broker", body: object, context: RequestContext) -> object:
        """As the handler of that request would answer, as far as the asker may ask for it."""
        asker = self.asker(broker, context)
        if asker is None or isinstance(body, OPEN):
            return HANDLERS[type(body)](broker, body, context)
        return CHECKS[type(body)](asker, body)

    def asker(self, broker: "Broker", context: RequestContext) -> "Asker | None":
        """Who asks; None for a broker of this cluster, which may do all. A simulated client is the user of its own
        name, as if it had proved so.
        """
        if context.peer is not None:
            return Asker(broker, context, self.authorizer, Principal(*context.peer))
        host = context.sender.partition("#")[0]
        if host == context.env.name or any(one.host == host for one in broker.image.brokers.values()):
            return None
        return Asker(broker, context, self.authorizer, Principal(USER + host, host))


class Asker:
    """Who asks, and for what."""

    __slots__ = ("acls", "authorizer", "broker", "context", "principal")

    def __init__(
        self, broker: "Broker", context: RequestContext, authorizer: StandardAuthorizer, principal: Principal
    ) -> None:
        self.broker = broker
        self.context = context
        self.authorizer = authorizer
        self.principal = principal
        self.acls = broker.image.acls or NO_ACLS

    def may(self, operation: AclOperation, resource_type: ResourceType, name: str = CLUSTER_NAME) -> bool:
        """Whether they may do that."""
        return self.authorizer.allows(self.acls, self.principal, operation, resource_type, name)

    def may_any(self, operation: AclOperation, resource_type: ResourceType) -> bool:
        """Whether they may do that with at least one resource of the type."""
        return self.authorizer.allows_any(self.acls, self.principal, operation, resource_type)

    def may_join(self, group_id: str, topics: Iterable[str] | None) -> ErrorCode:
        """READ on a group, and DESCRIBE on each topic that a member names."""
        if not self.may(AclOperation.READ, ResourceType.GROUP, group_id):
            return ErrorCode.GROUP_AUTHORIZATION_FAILED
        if all(self.may(AclOperation.DESCRIBE, ResourceType.TOPIC, one) for one in topics or ()):
            return ErrorCode.NONE
        return ErrorCode.TOPIC_AUTHORIZATION_FAILED

    def among(self, operation: AclOperation, resource_type: ResourceType, names: Iterable[str]) -> dict[str, None]:
        """Of these the ones with which they may."""
        return dict.fromkeys(one for one in dict.fromkeys(names) if self.may(operation, resource_type, one))

    def split(
        self, operation: AclOperation, asked: Mapping[TopicPartition, V]
    ) -> tuple[dict[TopicPartition, V], tuple[TopicPartition, ...]]:
        """Partitions of topics with which they may do that, and those of others."""
        allowed = self.among(operation, ResourceType.TOPIC, (one.topic for one in asked))
        return (
            {name: value for name, value in asked.items() if name.topic in allowed},
            tuple(name for name in asked if name.topic not in allowed),
        )

    def go_on(self, request: object, refused: object = None) -> Any:
        """Have that done; `refused`: the answer to what else was asked for."""
        if refused is None:
            return HANDLERS[type(request)](self.broker, request, self.context)
        return self.rephrased(request, Refused(refused))

    def rephrased(self, request: object, rephrasing: Rephrased) -> Any:
        """Have that done, and something else said of it."""
        rephrased = self.broker.channels[self.context.sender].rephrased
        rephrased.append(rephrasing)  # before: some handlers reply themselves
        answer = HANDLERS[type(request)](self.broker, request, self.context)
        if answer is PENDING:
            return answer
        rephrased.pop()
        if answer is NO_REPLY or answer is HANG_UP:
            return HANG_UP  # a Produce without acks, of which part was refused
        return rephrasing.rephrase(answer)


Check = Callable[[Asker, Any], object]
CHECKS: dict[type, Check] = {}
"""What is looked at before which request is handled; filled by the modules beside."""

C = TypeVar("C", bound=Check)


def checks(request: type) -> Callable[[C], C]:
    """Register the function that stands before requests of this type: `(asker, request) -> answer`."""

    def register(check: C) -> C:
        CHECKS[request] = check
        return check

    return register


def needs(operation: AclOperation, refuse: Callable[[Any], object]) -> Check:
    """A check of all or nothing: that operation on the cluster."""

    def check(asker: Asker, request: Any) -> object:
        return asker.go_on(request) if asker.may(operation, ResourceType.CLUSTER) else refuse(request)

    return check
