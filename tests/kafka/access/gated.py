"""A cluster whose brokers have an authorizer, and rules that come and go. The hand is `User:hand`, no super user."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from lab.cluster.build import CONTROLLER
from lab.kafka.config.security import STANDARD_AUTHORIZER
from lab.kafka.protocol.acls import ALL_ACLS
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import CreateAclsRequest, DeleteAclsRequest
from tests.kafka.access.rules import rule
from tests.story import Story

AUTHORIZER = (("authorizer.class.name", STANDARD_AUTHORIZER), ("super.users", "User:admin"))
AUTHORIZATION_FAILED = (
    ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    ErrorCode.GROUP_AUTHORIZATION_FAILED,
    ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
)


class Gated(Story):
    """A story with an authorizer."""

    def __init__(self, *more: tuple[str, str], **spec: Any) -> None:
        super().__init__(broker_config=(*AUTHORIZER, *more), **spec)

    def have(self, *rules: str) -> None:
        """These rules and no other, by the controller's own hand; all brokers know."""
        self.ask(CONTROLLER, DeleteAclsRequest((ALL_ACLS,)))
        answer = self.ask(CONTROLLER, CreateAclsRequest(tuple(rule(one) for one in rules)))
        assert not any(one.error_code for one in answer.results), answer
        self.until(self._known)

    def _known(self) -> bool:
        ends = {self.broker(one).image.offset for one in range(1, self.spec.brokers + 1)}
        return ends == {self.world.hosts[CONTROLLER].node.image.offset}  # type: ignore[union-attr]


def codes(answer: Any) -> Iterator[ErrorCode]:
    """Every error code that stands anywhere in an answer."""
    match answer:
        case ErrorCode():
            yield answer
        case Mapping():
            for one in answer.values():  # pyright: ignore[reportUnknownVariableType]
                yield from codes(one)
        case tuple() | list():
            for one in answer:  # pyright: ignore[reportUnknownVariableType]
                yield from codes(one)
        case _ if dataclasses.is_dataclass(answer):
            for field in dataclasses.fields(answer):
                yield from codes(getattr(answer, field.name))
        case _:
            pass


def refusals(answer: Any) -> list[ErrorCode]:
    """Those of them that say that somebody may not."""
    return [one for one in codes(answer) if one in AUTHORIZATION_FAILED]
