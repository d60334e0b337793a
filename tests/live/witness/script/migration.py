"""A group that goes over to the consumer protocol with a member in it, and back: both protocols in one group."""

import time
from typing import Any

from lab.kafka.protocol.consumer_protocol import Subscription, encode_assignment, encode_subscription
from lab.kafka.protocol.topics import TopicPartition
from tests.live.witness.script.groups import leave, ready
from tests.live.witness.script.topics import make
from tests.live.witness.talk import Talk


class Members:
    """Requests of a group of the two protocols, about one topic of two partitions."""

    def __init__(self, talk: Talk, word: str) -> None:
        self.talk = talk
        self.group, self.topic = talk.name(word), talk.name(f"topic-{word}")
        make(talk, self.topic, 2)
        ready(talk, self.group)
        time.sleep(1)  # Kafka's group coordinator hears of a topic on its own

    def partitions(self, *indexes: int) -> tuple[TopicPartition, ...]:
        return tuple(TopicPartition(self.topic, index) for index in indexes)

    def protocols(self, *owned: int, names: tuple[str, ...] = ("cooperative-sticky",)) -> list[dict[str, Any]]:
        mine = encode_subscription(Subscription("", (self.topic,), self.partitions(*owned)))
        return [{"name": name, "metadata": mine} for name in names]

    def join(self, case: str, *owned: int, **more: Any) -> Any:
        said = {
            "group_id": self.group, "session_timeout": 30_000, "rebalance_timeout": 5_000, "member_id": "",
            "protocol_type": "consumer", "protocols": self.protocols(*owned), **more,
        }  # fmt: skip
        return self.talk.ask("join_group", case, **said)

    def sync(self, case: str, member: str, generation: int, **more: Any) -> Any:
        said = {
            "group_id": self.group, "generation_id": generation, "member_id": member, "protocol_type": "consumer",
            "protocol_name": "cooperative-sticky", "assignments": [], **more,
        }  # fmt: skip
        return self.talk.ask("sync_group", case, **said)

    def plan(self, case: str, member: str, generation: int, assignment: bytes, **more: Any) -> Any:
        return self.sync(
            case, member, generation, assignments=[{"member_id": member, "assignment": assignment}], **more
        )

    def heartbeat(self, case: str, member: str, generation: int, **more: Any) -> None:
        said = {"group_id": self.group, "generation_id": generation, "member_id": member, **more}
        self.talk.ask("heartbeat", case, **said)

    def beat(self, case: str, member: str, epoch: int, **more: Any) -> Any:
        said = {
            "group_id": self.group, "member_id": member, "member_epoch": epoch, "rebalance_timeout": -1,
            "subscribed_topic_names": None, "topic_partitions": None, **more,
        }  # fmt: skip
        return self.talk.ask("consumer_group_heartbeat", case, **said)

    def enter(self, case: str, member: str, **more: Any) -> Any:
        whole = {"rebalance_timeout": 5_000, "subscribed_topic_names": [self.topic], "topic_partitions": []}
        return self.beat(case, member, 0, **whole, **more)

    def commit(self, case: str, member: str, generation: int) -> None:
        one = {"partition_index": 0, "committed_offset": 3, "committed_metadata": ""}
        self.talk.ask(
            "offset_commit", case, group_id=self.group, generation_id_or_member_epoch=generation, member_id=member,
            topics=[{"name": self.topic, "partitions": [one]}],
        )  # fmt: skip

    def describe(self, case: str, *, alone: bool = True) -> None:
        if alone:  # Kafka tells of several members in the order of a hash
            self.talk.ask("consumer_group_describe", case, group_ids=[self.group])
        self.talk.ask("describe_groups", case, groups=[self.group])


def mixed(talk: Talk) -> None:
    """The member of the classic protocol gives up one partition, says so, and is alone again."""
    if talk.lowest:
        return
    members = Members(talk, "mixed")
    classic = members.join("migration: a newcomer")["member_id"]
    members.join("migration: alone", member_id=classic)
    members.plan("migration: alone", classic, 1, encode_assignment(members.partitions(0, 1)))
    modern = f"member-{talk.name('modern')}"
    members.beat("migration: an epoch, not a newcomer", modern, 5)
    members.enter("migration: a newcomer", modern)
    members.describe("migration: both protocols", alone=False)
    talk.ask("list_groups", "migration: of a type", states_filter=[], types_filter=["consumer"])
    members.heartbeat("migration: another target", classic, 1)
    members.sync("migration: another target", classic, 1)
    members.heartbeat("migration: a wrong generation", classic, 9)
    members.sync("migration: a wrong generation", classic, 9)
    members.heartbeat("migration: a member of the other protocol", modern, 2)
    members.sync("migration: a member of the other protocol", modern, 2)
    members.heartbeat("migration: an unknown member", "nobody", 1)
    members.join("migration: protocols nobody has", protocols=members.protocols(names=("other",)))
    members.join("migration: another type", protocol_type="connect")
    members.join("migration: no protocols", protocols=[])
    members.join("migration: a session too short", session_timeout=1)
    members.join("migration: static, an unknown instance", member_id=classic, group_instance_id="one")
    members.commit("migration: a wrong generation", classic, 9)
    members.commit("migration: the generation it has", classic, 1)
    members.commit("migration: a wrong epoch", modern, 9)
    members.join("migration: it has two partitions", 0, 1, member_id=classic)
    members.sync("migration: another name of a protocol", classic, 1, protocol_name="range")
    members.sync("migration: another type of protocol", classic, 1, protocol_type="connect")
    members.sync("migration: one is to go", classic, 1)
    members.heartbeat("migration: one is to go", classic, 1)
    members.beat("migration: it waits", modern, 2)
    members.join("migration: one is gone", 0, member_id=classic)
    members.sync("migration: one is gone", classic, 2)
    members.heartbeat("migration: it is gone", classic, 2)
    members.beat("migration: it is free", modern, 2)
    members.describe("migration: at rest", alone=False)
    leave(talk, "migration: an unknown member", members.group, "nobody")
    members.beat("migration: leaving", modern, -1)
    members.describe("migration: back again")
    members.heartbeat("migration: back again", classic, 2)
    members.join("migration: back again", 0, member_id=classic)
    members.plan("migration: back again", classic, 3, encode_assignment(members.partitions(0, 1)))
    members.describe("migration: as it was")
    members.enter("migration: a newcomer again", modern)
    leave(talk, "migration: a member of the other protocol is removed", members.group, modern)
    members.heartbeat("migration: back once more", classic, 4)
    leave(talk, "migration: the last one", members.group, classic)


def refused(talk: Talk) -> None:
    """Groups that stay classic: of another type, and where something is not as consumers write it or would be lost."""
    if talk.lowest:
        return
    for case, more, assignment in (
        ("another type", {"protocol_type": "connect"}, encode_assignment(())),
        ("no subscription", {"protocols": [{"name": "cooperative-sticky", "metadata": b"\0"}]}, encode_assignment(())),
        ("no assignment", {}, b"\0\1\0"),
        ("user data", {}, encode_assignment(())[:-4] + b"\0\0\0\1x"),
    ):
        members = Members(talk, case.replace(" ", "-"))
        named = members.join(f"migration, {case}", **more)["member_id"]
        members.join(f"migration, {case}: alone", member_id=named, **more)
        kind = more.get("protocol_type", "consumer")
        members.plan(f"migration, {case}: alone", named, 1, assignment, protocol_type=kind)
        members.enter(f"migration, {case}", f"member-{talk.name(case)}")
        members.heartbeat(f"migration, {case}: still there", named, 1)


def unaware(talk: Talk) -> None:
    """Its only member has not been told of any assignment when the group goes over."""
    if talk.lowest:
        return
    members = Members(talk, "unaware")
    nothing = {"protocols": [{"name": "range", "metadata": encode_subscription(Subscription("", ("none",)))}]}
    named = members.join("migration, unaware", **nothing)["member_id"]
    members.join("migration, unaware: alone", member_id=named, **nothing)
    members.enter("migration, unaware", f"member-{talk.name('unaware')}")
    members.heartbeat("migration, unaware", named, 1)
    members.join("migration, unaware: again", member_id=named, **nothing)
    members.sync("migration, unaware: again", named, 2, protocol_name="range")


def static(talk: Talk) -> None:
    """Static members take each other's place across the protocols."""
    if talk.lowest:
        return
    members = Members(talk, "static-migration")
    static = {"group_instance_id": "one"}
    old = members.join("migration, static: classic", **static)["member_id"]
    members.plan("migration, static: classic", old, 1, encode_assignment(members.partitions(0, 1)), **static)
    modern = f"member-{talk.name('static')}"
    members.enter("migration, static: takes the place", modern, instance_id="one")
    members.heartbeat("migration, static: fenced", old, 1, **static)
    members.sync("migration, static: fenced", old, 1, **static)
    members.join("migration, static: fenced", member_id=old, **static)
    leave(talk, "migration, static: fenced", members.group, old, "one")
    members.describe("migration, static: of the consumer protocol")
    again = members.join("migration, static: takes the place again", **static)["member_id"]
    members.describe("migration, static: classic again")
    members.sync("migration, static: classic again", again, 2, **static)
    members.heartbeat("migration, static: classic again", again, 2, **static)
    members.beat("migration, static: fenced", modern, 2, instance_id="one")
    leave(talk, "migration, static: by its instance", members.group, "", "one")


PARTS = (mixed, refused, unaware, static)
