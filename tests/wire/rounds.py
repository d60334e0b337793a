"""Rounds: a world of three brokers and a quorum in which everybody says everything that simulated nodes ever say."""

from typing import Any

from lab.cluster.actions import action_from
from lab.cluster.lookup.controllers import active_controller, controller_hosts
from lab.cluster.share_spec import ShareConsumerSpec
from lab.cluster.spec import ConsumerSpec, ProcessorSpec, ProducerSpec, TopicSpec, TransactionSpec
from lab.kafka.broker.share.states import STATE_TOPIC
from lab.kafka.config.security import STANDARD_AUTHORIZER
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorRequest
from lab.kafka.protocol.messages.group_admin import DeleteGroupsRequest
from lab.kafka.protocol.messages.share_offsets import (
    AlterShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsRequest,
    ShareOffsetsAsked,
)
from lab.world.world import World
from tests.story import Story, settings

SPEC: dict[str, Any] = {
    "seed": 3,
    "controllers": 3,
    "broker_config": settings(
        metadata_log_max_record_bytes_between_snapshots=2_000, metadata_log_segment_bytes=2_000,
        metadata_max_retention_bytes=2_000, transaction_version=1, group_share_auto_offset_reset="earliest",
        offsets_topic_num_partitions=2, transaction_state_log_num_partitions=2,
        authorizer_class_name=STANDARD_AUTHORIZER, allow_everyone_if_no_acl_found="true",
    ),
    "topics": (TopicSpec("orders", 2, 3), TopicSpec("audit", 2, 2, settings(cleanup_policy="compact"))),
    "producers": (
        ProducerSpec("web", "orders", 15, "cycle:4"),
        ProducerSpec(
            "clerk", "audit", 10, "cycle:3", config=settings(transactional_id="books"), transaction=TransactionSpec(5)
        ),
    ),
    "consumers": (
        ConsumerSpec("pay-a", "pay", ("orders", "audit")),
        ConsumerSpec("pay-b", "pay", ("audit", "orders")),
        ConsumerSpec("ship-a", "ship", ("orders", "audit"), config=settings(group_protocol="consumer")),
    ),
    "processors": (
        ProcessorSpec("mill", "mills", ("orders", "audit"), "flour", producer_config=settings(transactional_id="mill")),
    ),
    "share_consumers": tuple(
        ShareConsumerSpec(
            f"{group}-a", group, ("orders", "audit"), config=settings(share_acknowledgement_mode="explicit")
        )
        for group in ("work", "toil", "rest")
    ),
}  # fmt: skip


class Rounds(Story):
    """Deeds by their names, one a tenth of a second."""

    def do(self, name: str, **fields: Any) -> None:
        self.act(action_from({name: fields}))
        self.run(0.1)

    def ask_about_everything(self) -> None:
        self.do("use_program", program="mine", topic="orders", records=["a=1", "b=2"])
        self.do("list_groups")
        for group in ("pay", "ship"):
            self.do("describe_group", group=group)
        self.do("describe_topic_configs", topic="orders")
        self.do("describe_broker_configs", node="broker-2")
        self.do("list_transactions")
        self.do("describe_transaction", transactional_id="books")
        self.do("describe_producers", partition="orders-0")
        self.do("use_program", program="mine", topic="orders")

    def change_everything(self) -> None:
        self.do("create_topic", topic="more", partitions=2, replicas=2)
        self.do("add_partitions", topic="more", total=3)
        self.do("elect_leader", partition="orders-0")
        self.do("delete_records", partition="orders-1", offset=2)
        self.do("reassign", partition="more-0", brokers=["broker-2", "broker-3"])
        self.do("use_eligible_leaders")
        self.do("stop", node="work-a")
        self.do("stop", node="ship-a")
        self.do("replay", group="ship", topic="orders", to="earliest")
        self.do("delete_offsets", group="ship", topic="audit")
        self.do("delete_group", group="ship")
        self.do("delete_topic", topic="more")

    def lose_and_find_again(self) -> None:
        """A controller that was away finds a snapshot in the place of the log, and so does a broker once that leads."""
        self.do("crash", node="broker-3")
        away = self.standby
        self.do("crash", node=away)
        for number in range(40):
            self.do("set_topic_config", topic="orders", setting="retention.ms", value=str(1_000_000 + number))
        self.do("restart", node=away)
        self.do("restart", node="broker-3")
        self.run(3)
        self.do("stop", node="pay-a")
        self.do("stop", node="broker-2")
        self.run(3)
        self.do("restart", node="broker-2")
        while self.active != away:
            resigned = self.active
            self.do("stop", node=resigned)
            self.run(3)
            self.do("restart", node=resigned)
            self.run(1)

    def ask_who_has_been_replaced(self) -> None:
        """A controller that slept through an election is handed a request before it has heard of it."""
        asleep = self.active
        self.do("freeze", node=asleep)
        self.do("set_topic_config", topic="orders", setting="retention.ms", value="2000000")
        self.run(5)
        self.do("thaw", node=asleep)
        self.run(1)

    def add_and_remove(self) -> None:
        self.do("add_broker")
        self.run(2)
        self.do("crash", node="broker-4")
        self.do("remove_broker", node="broker-4")

    def allow(self) -> None:
        self.do("add_acl", principal="User:web", resource="secrets")
        self.do("delete_acls", resource="secrets")

    def move_and_delete_a_share_group(self) -> None:
        """By hand: no order of a simulated administrator does it. Its coordinator has to ask others for it."""
        self.do("stop", node="rest-a")
        self.do("elect_leader", partition=f"{STATE_TOPIC}-2")
        self.run(1)
        node = self.ask("broker-1", FindCoordinatorRequest("rest")).host
        (found,) = self.ask(node, DescribeShareGroupOffsetsRequest((ShareOffsetsAsked("rest", None),))).groups
        assert found.partitions
        assert not self.ask(node, AlterShareGroupOffsetsRequest("rest", dict.fromkeys(found.partitions, 0))).error_code
        assert not self.ask(node, DeleteShareGroupOffsetsRequest("rest", ("orders",))).error_code
        assert not self.ask(node, DeleteGroupsRequest(("rest",))).groups["rest"]

    @property
    def active(self) -> str:
        return active_controller(self.world)

    @property
    def standby(self) -> str:
        return next(name for name in controller_hosts(self.world) if name != self.active)


def rounds() -> World:
    """Everything once, and a while to come to rest."""
    story = Rounds(**SPEC)
    story.run(6)
    story.ask_about_everything()
    story.change_everything()
    story.lose_and_find_again()
    story.add_and_remove()
    story.ask_who_has_been_replaced()
    story.allow()
    story.move_and_delete_a_share_group()
    story.run(1)
    return story.world
