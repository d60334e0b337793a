"""Real clients and the past: to look back leaves them alone, to go on from there cuts them off behind a fence."""

import time
from collections.abc import Callable

import pytest

from lab.cluster.actions import action_from
from lab.cluster.actions.machines import Crash, Freeze, Thaw
from lab.cluster.actions.network import CutLink, HealLink, SlowLink
from lab.cluster.actions.programs import Fence
from lab.cluster.lookup.parts import broker_at, find_group
from lab.cluster.refused import Refused
from lab.env import millis, seconds
from lab.kafka.broker.producer_id_block import ProducerIdBlock
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.api_versions import ApiVersionsRequest
from lab.kafka.protocol.messages.find_coordinator import (
    GROUP,
    TRANSACTION,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)
from lab.kafka.protocol.messages.groups import HeartbeatRequest, JoinGroupRequest, JoinGroupResponse
from lab.kafka.protocol.messages.metadata import MetadataRequest, MetadataResponse
from lab.kafka.protocol.messages.produce import ProduceRequest, ProduceResponse
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from lab.kafka.protocol.messages.transactions import AddPartitionsToTxnRequest, AddPartitionsToTxnResponse
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.digest import digest
from tests.live.attended import PATIENCE_S, Attended, attended
from tests.live.raw_client import RawClient
from tests.live.served import THREE, replayed

ORDERS = TopicPartition("orders", 0)
PING = ApiVersionsRequest("raw", "1.0")


def batch(now_ms: int) -> RecordBatch:
    return RecordBatch.build([Record(0, now_ms, b"Ada", b"cup")])


def leader(cluster: Attended) -> str:
    state = cluster.session.world.hosts
    image = next(one.node.image for one in state.values() if one.name == "broker-1")  # type: ignore[union-attr]
    return f"broker-{image.partition(ORDERS).leader_id}"


def produce(cluster: Attended, client: RawClient) -> ProduceResponse:
    request = ProduceRequest(-1, 5_000, {ORDERS: batch(time.time_ns() // 1_000_000)})
    found = cluster.answer(client, request, 9)
    assert isinstance(found, ProduceResponse)
    return found


def wait_for(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happens():
        assert time.monotonic() < deadline, "nothing comes in"
        time.sleep(0.001)


# --- looking back ---------------------------------------------------------------------------------


def test_while_one_looks_back_frames_wait_and_the_clients_stay():
    with attended(THREE) as cluster:
        client = cluster.client("broker-1", "shop")
        cluster.answer(client, PING, 3)
        live = cluster.session.event_number
        cluster.session.seek(seconds(0))
        client.ask(PING, 3)
        for _ in range(50):
            cluster.turn()
        assert client.heard() is None
        assert not client.closed
        assert cluster.session.latest_event == live
        cluster.session.seek(cluster.session.latest)
        cluster.until(lambda: client.heard() is not None)


def test_a_client_that_does_not_pause_waits_for_the_window():
    """Who brings in what came has a frame to paint, too: what there is no time for stays where it is, in its order."""
    with attended(THREE) as cluster:
        clients = [cluster.client("broker-1", f"shop-{number}") for number in range(5)]
        for client in clients:
            cluster.answer(client, PING, 3)
        for client in clients:
            client.ask(PING, 3)
        wait_for(lambda: len(cluster.doorman.gateway.events) == 5)
        assert [cluster.doorman.bring_in(budget_us=0) for _ in range(5)] == [1] * 5
        cluster.until(lambda: all(client.heard() is not None for client in clients if client.asked))


def test_nobody_acts_in_the_past_of_a_real_client():
    with attended(THREE) as cluster:
        client = cluster.client("broker-1", "shop")
        cluster.answer(client, PING, 3)
        cluster.session.seek(cluster.session.latest // 2)
        with pytest.raises(Refused, match="a real client is attached where time goes on"):
            cluster.session.post(Crash("broker-2"))
        assert len(cluster.session.timeline.branches) == 1
        cluster.session.seek(cluster.session.latest)
        cluster.session.post(Crash("broker-2"))


def test_what_another_branch_answers_goes_to_nobody():
    """A branch that was left holds programs, too; when it runs on, its answers are not those of the live one."""
    with attended(THREE) as cluster:
        client = cluster.client("broker-1", "shop")
        cluster.answer(client, PING, 3)
        cluster.let_pass(millis(20))
        client.ask(MetadataRequest(None), 9)
        cluster.until(lambda: cluster.doorman.bring_in() > 0)
        cluster.session.seek(cluster.session.latest - millis(10))
        cluster.doorman.continue_here()
        cluster.until(lambda: client.heard() is None and client.closed)
        cluster.session.switch("main")
        cluster.session.seek(cluster.session.latest)
        other = cluster.client("broker-1", "shop")
        cluster.session.run_for(seconds(1))
        assert other.heard() is None
        assert not other.closed


def test_a_session_that_was_looked_back_in_is_replayed_to_the_same_world():
    with attended(THREE) as cluster:
        client = cluster.client(leader(cluster), "shop")
        for _ in range(3):
            assert not produce(cluster, client).responses[ORDERS].error_code
            cluster.session.seek(cluster.session.latest // 2)
            cluster.turn()
            cluster.session.seek(cluster.session.latest)

    assert digest(cluster.session.world) == replayed(cluster.session)


# --- going on from the past -----------------------------------------------------------------------


def test_continue_from_here_cuts_the_clients_and_says_how_many():
    with attended(THREE) as cluster:
        one, other = cluster.client("broker-1", "shop"), cluster.client("broker-2", "audit")
        for client in (one, other):
            cluster.answer(client, PING, 3)
        cluster.let_pass(millis(20))
        cluster.session.seek(cluster.session.latest - millis(10))
        assert cluster.doorman.continue_here() == 2
        for client in (one, other):
            cluster.until(lambda one=client: one.heard() is None and one.closed)
        assert len(cluster.session.timeline.branches) == 2
        assert isinstance(cluster.session.timeline.branch.journal[-1][1], Fence)
        again = cluster.client("broker-1", "shop")
        assert cluster.answer(again, PING, 3)


def init_producer_id(cluster: Attended, client: RawClient, name: str | None = None) -> InitProducerIdResponse:
    while True:
        found = cluster.answer(client, InitProducerIdRequest(name), 4)
        assert isinstance(found, InitProducerIdResponse)
        if not found.error_code:
            return found
        assert found.error_code in (
            ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ErrorCode.NOT_COORDINATOR, ErrorCode.CONCURRENT_TRANSACTIONS,
        ), found  # fmt: skip
        cluster.let_pass(millis(50))


def test_no_producer_id_of_the_other_future_is_handed_out_again():
    with attended(THREE) as cluster:
        client = cluster.client("broker-1", "shop")
        init_producer_id(cluster, client)
        before = cluster.session.now
        cluster.let_pass(millis(5))
        gone = [init_producer_id(cluster, client).producer_id for _ in range(5)]
        cluster.session.seek(before)
        cluster.doorman.continue_here()
        cluster.let_pass(millis(100))
        for broker in ("broker-1", "broker-2"):
            again = cluster.client(broker, "shop")
            assert init_producer_id(cluster, again).producer_id > max(gone)


def coordinator_of(cluster: Attended, key: str, key_type: int = GROUP) -> str:
    client = cluster.client("broker-1", "shop")
    while True:
        found = cluster.answer(client, FindCoordinatorRequest(key, key_type), 3)
        assert isinstance(found, FindCoordinatorResponse)
        if not found.error_code:
            return next(broker for broker, address in cluster.doorman.listeners() if address == found.host)
        cluster.let_pass(millis(50))


def joined(cluster: Attended, client: RawClient, member_id: str = "") -> JoinGroupResponse:
    request = JoinGroupRequest("billing", 45_000, 60_000, member_id, (("range", b"\0\0\0\0\0\0"),), "consumer")
    found = cluster.answer(client, request, 5)
    assert isinstance(found, JoinGroupResponse)
    return found


def test_a_member_of_the_other_future_is_of_no_generation_here():
    """The group goes on above every generation that was, and a returning member must join anew."""
    with attended(THREE) as cluster:
        coordinator = coordinator_of(cluster, "billing")
        client = cluster.client(coordinator, "shop")
        cluster.answer(client, PING, 3)
        while (first := joined(cluster, client)).error_code is not ErrorCode.MEMBER_ID_REQUIRED:
            cluster.let_pass(millis(50))
        member = joined(cluster, client, first.member_id)
        assert not member.error_code
        before = cluster.session.now
        cluster.let_pass(millis(5))
        generation = member.generation_id
        for _ in range(3):
            generation = joined(cluster, client, first.member_id).generation_id
        cluster.session.seek(before)
        cluster.doorman.continue_here()
        cluster.let_pass(millis(50))
        found = find_group(cluster.session.world, "billing")
        assert found is not None
        assert found[1].generation > generation
        again = cluster.client(coordinator, "shop")
        late = cluster.answer(again, HeartbeatRequest("billing", generation, first.member_id), 3)
        assert getattr(late, "error_code", None) is ErrorCode.UNKNOWN_MEMBER_ID
        anew = joined(cluster, again)
        assert anew.member_id != first.member_id
        assert joined(cluster, again, anew.member_id).generation_id > generation


def add_partition(cluster: Attended, client: RawClient, who: InitProducerIdResponse) -> ErrorCode:
    """Begin a transaction, or go on with it; concurrent ones are waited for."""
    request = AddPartitionsToTxnRequest("pay", who.producer_id, who.producer_epoch, (ORDERS,))
    while True:
        found = cluster.answer(client, request, 3)
        assert isinstance(found, AddPartitionsToTxnResponse)
        error = found.errors[ORDERS]
        if error is not ErrorCode.CONCURRENT_TRANSACTIONS:
            return error
        cluster.let_pass(millis(20))


def test_a_transactional_producer_of_the_other_future_is_fenced():
    """Its transaction is aborted here, and no epoch that it reached there is one of this future."""
    with attended(THREE) as cluster:
        coordinator = coordinator_of(cluster, "pay", TRANSACTION)
        client = cluster.client(coordinator, "shop")
        cluster.answer(client, PING, 3)
        first = init_producer_id(cluster, client, "pay")
        assert add_partition(cluster, client, first) is ErrorCode.NONE
        before = cluster.session.now
        cluster.let_pass(millis(5))
        later = [init_producer_id(cluster, client, "pay") for _ in range(3)][-1]
        assert later.producer_epoch > first.producer_epoch
        cluster.session.seek(before)
        cluster.doorman.continue_here()
        cluster.let_pass(millis(200))
        again = cluster.client(coordinator, "shop")
        for zombie in (first, later):
            assert add_partition(cluster, again, zombie) in (
                ErrorCode.PRODUCER_FENCED,
                ErrorCode.INVALID_PRODUCER_EPOCH,
            )
        anew = init_producer_id(cluster, again, "pay")
        assert (anew.producer_id, anew.producer_epoch > later.producer_epoch) == (first.producer_id, True)
        assert add_partition(cluster, again, anew) is ErrorCode.NONE


def test_a_fence_is_an_action_like_any_other():
    """It is saved with the session and read again, the same."""
    fence = Fence(2, 5_000, (("billing", 7),), (("pay", 3),))
    assert action_from(fence.to_data()) == fence


def test_there_is_no_fence_without_a_controller():
    with attended(THREE) as cluster:
        client = cluster.client("broker-1", "shop")
        cluster.session.post(Crash("controller-1"))
        cluster.let_pass(millis(20))
        cluster.answer(client, PING, 3)
        cluster.session.seek(cluster.session.latest - 1)
        with pytest.raises(Refused, match="no controller is active"):
            cluster.doorman.continue_here()
        cluster.session.seek(cluster.session.latest)
        assert cluster.answer(client, PING, 3)


# --- what is done to machines and links is done to real clients -----------------------------------


def test_a_crash_closes_the_connection_and_the_port():
    with attended(THREE) as cluster:
        client = cluster.client("broker-1", "shop")
        cluster.answer(client, PING, 3)
        cluster.session.post(Crash("broker-1"))
        cluster.until(lambda: client.heard() is None and client.closed)
        with pytest.raises(ConnectionRefusedError):
            cluster.until(lambda: cluster.client("broker-1", "shop") is None)


def test_a_frozen_broker_is_silent_until_it_thaws():
    with attended(THREE) as cluster:
        client = cluster.client("broker-1", "shop")
        cluster.answer(client, PING, 3)
        cluster.session.post(Freeze("broker-1"))
        client.ask(PING, 3)
        cluster.let_pass(millis(300))
        assert client.heard() is None
        assert not client.closed
        cluster.session.post(Thaw("broker-1"))
        cluster.until(lambda: client.heard() is not None)


def test_a_cut_link_holds_what_both_sides_send():
    with attended(THREE) as cluster:
        client = cluster.client("broker-1", "shop")
        cluster.answer(client, PING, 3)
        cluster.session.post(CutLink("shop", "broker-1"))
        client.ask(PING, 3)
        cluster.let_pass(millis(300))
        assert client.heard() is None
        assert not client.closed
        cluster.session.post(HealLink("shop", "broker-1"))
        cluster.until(lambda: client.heard() is not None)


def test_a_slow_link_delays_each_way():
    with attended(THREE) as cluster:
        client = cluster.client("broker-1", "shop")
        cluster.answer(client, PING, 3)
        cluster.session.post(SlowLink("shop", "broker-1", 200))
        asked = cluster.session.now
        found = cluster.answer(client, MetadataRequest(None), 9)
        assert isinstance(found, MetadataResponse)
        assert cluster.session.now - asked >= millis(400)


def test_fenced_producer_ids_hold_also_for_a_broker_that_was_down():
    """The controller has heard of them from those that run."""
    with attended(THREE) as cluster:
        client = cluster.client("broker-1", "shop")
        init_producer_id(cluster, client)
        before = cluster.session.now
        cluster.let_pass(millis(5))
        gone = init_producer_id(cluster, client).producer_id
        cluster.session.seek(before)
        cluster.doorman.continue_here()
        cluster.let_pass(millis(100))
        broker = broker_at(cluster.session.world, "broker-2")
        assert broker is not None
        broker.producer_ids = ProducerIdBlock()
        again = cluster.client("broker-2", "shop")
        assert init_producer_id(cluster, again).producer_id > gone
