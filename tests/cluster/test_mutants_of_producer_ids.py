"""Lies about producer ids: each is found by the claim that it breaks.

As in test_mutants.py, but every lie has a plan of its own: an application that makes a producer for each request.
"""

import pytest

from lab.cluster.actions.audits import DeployAudit
from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.spec import AuditSpec, ClusterSpec, ProducerSpec, TopicSpec
from lab.env import Env, seconds
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import HANDLERS, RequestContext
from lab.kafka.broker.producer_id_block import ProducerIdBlock
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from tests.mutants import Mutant, in_plan, name_of, of_plan

Patch = pytest.MonkeyPatch
OWN = "no producer id is handed out twice, or taken by two producers"
GIVEN = "who writes with a producer id was given it"
PLAN = Plan(
    1,
    ClusterSpec(
        seed=1, brokers=3, topics=(TopicSpec("orders", 2, 3),),
        producers=(ProducerSpec("api", "orders", 20, audit=AuditSpec(50)),),
    ),
    ((seconds(5), DeployAudit("api", 100)), (seconds(8), Crash("broker-2")), (seconds(12), Restart("broker-2"))),
)  # fmt: skip


def a_block_is_begun_anew(patch: Patch) -> None:
    """The broker does not remember how far it has come in its block."""

    def take(block: ProducerIdBlock, broker: Broker, env: Env) -> int:
        found = honest(block, broker, env)
        if found >= 0 and found % 10 == 9:
            block.next_id -= 10
        return found

    honest = ProducerIdBlock.take
    patch.setattr(ProducerIdBlock, "take", take)


def every_broker_begins_at_zero(patch: Patch) -> None:
    """Without the controller, each broker counts for itself."""

    def take(block: ProducerIdBlock, broker: Broker, env: Env) -> int:
        block.end_id = 1_000_000
        return honest(block, broker, env)

    honest = ProducerIdBlock.take
    patch.setattr(ProducerIdBlock, "take", take)


def an_id_is_answered_that_nobody_counted(patch: Patch) -> None:
    def answer(broker: Broker, request: InitProducerIdRequest, context: RequestContext) -> object:
        found = honest(broker, request, context)
        if isinstance(found, InitProducerIdResponse) and found.producer_id >= 0:
            found.producer_id += 5_000_000
        return found

    honest = HANDLERS[InitProducerIdRequest]
    patch.setitem(HANDLERS, InitProducerIdRequest, answer)


HUNTED = (
    Mutant(a_block_is_begun_anew, OWN, in_plan(PLAN)),
    Mutant(every_broker_begins_at_zero, OWN, in_plan(PLAN)),
    Mutant(an_id_is_answered_that_nobody_counted, GIVEN, in_plan(PLAN)),
)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt


def test_without_a_lie_the_plan_holds():
    assert of_plan(PLAN) == ""
