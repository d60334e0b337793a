"""Groups: members come and go, offsets are committed and deleted, groups are looked at."""

import time
from typing import Any

from tests.live.witness.script.topics import make
from tests.live.witness.talk import Talk

GROUP, TRANSACTION, SHARE = 0, 1, 2
RANGE = [{"name": "range", "metadata": b"\0\0\0\0\0\0\0\0\0\0"}]


def ready(talk: Talk, group: str) -> None:
    """Its coordinator has been found and has loaded."""
    talk.settled("find_coordinator", "", key=group, key_type=GROUP, coordinator_keys=[group])
    talk.settled("describe_groups", "", groups=[group])


def find_coordinator(talk: Talk) -> None:
    def find(case: str, kind: int, *keys: str) -> None:
        talk.settled("find_coordinator", case, key=keys[0], key_type=kind, coordinator_keys=keys)

    find("of a group", GROUP, "g")
    if not talk.lowest:
        find("of two groups", GROUP, "g", "h")
        find("of a transaction", TRANSACTION, "t")
        find("of a share group, with a bad key", SHARE, "s")
        find("an unknown kind", 9, "x")
    find("an empty name", GROUP, "")


def classic(talk: Talk) -> None:
    group = talk.name("classic")
    ready(talk, group)

    def join(case: str, member: str = "", **more: Any) -> Any:
        said = {
            "group_id": group, "session_timeout": 30_000, "rebalance_timeout": 5_000, "member_id": member,
            "protocol_type": "consumer", "protocols": RANGE, **more,
        }  # fmt: skip
        return talk.ask("join_group", case, **said)

    join("an empty name of a group", group_id="")
    join("a session too short", session_timeout=1)
    join("a session too long", session_timeout=10_000_000)
    join("no protocols", protocols=[])
    join("no type", protocol_type="")
    join("an unknown member", "nobody")
    first = join("without an id")
    member = first["member_id"]
    if first["error_code"] == "MEMBER_ID_REQUIRED":
        first = join("with the id that was given", member)
    generation = first["generation_id"]
    told = {"group_id": group, "generation_id": generation, "member_id": member}
    talk.ask("heartbeat", "before the assignment", **told)
    wrong = {**told, "generation_id": generation + 5}
    nobody = {**told, "member_id": "nobody"}
    assigned = {
        "assignments": [{"member_id": member, "assignment": b"\0\1"}],
        "protocol_type": "consumer",
        "protocol_name": "range",
    }
    talk.ask("sync_group", "a wrong generation", **wrong, **assigned)
    talk.ask("sync_group", "an unknown member", **nobody, **assigned)
    if not talk.lowest:
        talk.ask("sync_group", "another protocol", **told, **{**assigned, "protocol_name": "sticky"})
        talk.ask("sync_group", "another type", **told, **{**assigned, "protocol_type": "connect"})
    talk.ask("sync_group", "a good one", **told, **assigned)
    talk.ask("sync_group", "again", **told, **assigned)
    talk.ask("heartbeat", "a good one", **told)
    talk.ask("heartbeat", "a wrong generation", **wrong)
    talk.ask("heartbeat", "an unknown member", **nobody)
    talk.ask("heartbeat", "an unknown group", **{**told, "group_id": talk.name("no-group")})
    talk.ask("heartbeat", "an empty name of a group", **{**told, "group_id": ""})
    join("protocols nobody has", protocols=[{"name": "other", "metadata": b""}])
    join("another type", protocol_type="connect")
    talk.ask("describe_groups", "stable", groups=[group])
    _commits(talk, group, told)
    talk.ask("delete_groups", "one with members", groups_names=[group])
    leave(talk, "an unknown member", group, "nobody")
    leave(talk, "a good one", group, member)
    leave(talk, "again", group, member)
    leave(talk, "an unknown group", talk.name("no-group"), "nobody")
    talk.ask("describe_groups", "empty", groups=[group])
    talk.ask("describe_groups", "an unknown one", groups=[talk.name("no-group")])
    talk.ask("describe_groups", "an empty name", groups=[""])
    if not talk.lowest:
        talk.ask("describe_groups", "what one may do", groups=[group], include_authorized_operations=True)
        talk.ask("list_groups", "those that are empty", states_filter=["Empty"], types_filter=[])
        talk.ask("list_groups", "an unknown state", states_filter=["Sleeping"], types_filter=[])
        talk.ask("list_groups", "of a type", states_filter=[], types_filter=["consumer"])
        talk.ask("list_groups", "of an unknown type", states_filter=[], types_filter=["other"])
    talk.ask("list_groups", "all", states_filter=[], types_filter=[])
    talk.ask("delete_groups", "an empty one", groups_names=[group])
    talk.ask("delete_groups", "one that is gone", groups_names=[group])
    talk.ask("delete_groups", "an empty name", groups_names=[""])
    if not talk.lowest:
        _static(talk)


def leave(talk: Talk, case: str, group: str, member: str, instance: str | None = None) -> None:
    members = [{"member_id": member, "group_instance_id": instance}]
    talk.ask("leave_group", case, group_id=group, member_id=member, members=members)


def _static(talk: Talk) -> None:
    group = talk.name("static")
    ready(talk, group)
    said = {
        "group_id": group, "session_timeout": 30_000, "rebalance_timeout": 5_000, "member_id": "",
        "group_instance_id": "one", "protocol_type": "consumer", "protocols": RANGE,
    }  # fmt: skip
    first = talk.ask("join_group", "static", **said)
    member = first["member_id"]
    told = {"group_id": group, "generation_id": first["generation_id"], "member_id": member}
    talk.ask("sync_group", "static", **told, group_instance_id="one", protocol_type="consumer", protocol_name="range",
             assignments=[{"member_id": member, "assignment": b"\0\1"}])  # fmt: skip
    talk.ask("sync_group", "without the protocol", **told, group_instance_id="one", assignments=[])
    talk.ask("join_group", "static, again", **said)
    talk.ask("heartbeat", "static, fenced", **told, group_instance_id="one")
    talk.ask("heartbeat", "static, an unknown instance", **told, group_instance_id="two")
    talk.ask("join_group", "static, fenced", **{**said, "member_id": member})
    leave(talk, "static, an unknown instance", group, "", "two")
    leave(talk, "static, fenced", group, member, "one")
    leave(talk, "static, by its instance", group, "", "one")


def _commits(talk: Talk, group: str, told: dict[str, Any]) -> None:
    name = talk.name("committed")
    make(talk, name, 2)

    def commit(
        case: str, *, topic: str = name, partition: int = 0, offset: int = 3, note: str | None = "", **more: Any
    ) -> None:
        one = {"partition_index": partition, "committed_offset": offset, "committed_metadata": note}
        said = {
            "group_id": group, "generation_id_or_member_epoch": told["generation_id"], "member_id": told["member_id"],
            "topics": [{"name": topic, "partitions": [one]}], **more,
        }  # fmt: skip
        talk.ask("offset_commit", case, **said)

    commit("by a member")
    commit("a wrong generation", generation_id_or_member_epoch=99)
    commit("an unknown member", member_id="nobody")
    commit("from outside, of a group with members", generation_id_or_member_epoch=-1, member_id="")
    commit("an unknown topic", topic=talk.name("nobody"))
    commit("an unknown partition", partition=7)
    commit("metadata too long", note="x" * 5_000)
    commit("no metadata", partition=1, note=None)
    commit("an offset below 0", offset=-1)
    outside = {"generation_id_or_member_epoch": -1, "member_id": ""}
    commit("a simple consumer", group_id=talk.name("simple"), **outside)
    commit("an unknown group with a generation", group_id=talk.name("no-group"))
    commit("an empty name of a group", group_id="", **outside)

    def fetch(case: str, named: str, topics: list[dict[str, Any]] | None, **more: Any) -> None:
        talk.ask("offset_fetch", case, group_id=named, topics=topics or [],
                 groups=[{"group_id": named, "topics": topics, **more}])  # fmt: skip

    both = [{"name": name, "partition_indexes": [0, 1]}]
    fetch("two partitions", group, both)
    fetch("an unknown partition", group, [{"name": name, "partition_indexes": [7]}])
    fetch("an unknown topic", group, [{"name": talk.name("nobody"), "partition_indexes": [0]}])
    fetch("an unknown group", talk.name("no-group"), both)
    fetch("an empty name of a group", "", both)
    if not talk.lowest:
        fetch("all", group, None)
        fetch("all of an unknown group", talk.name("no-group"), None)
        fetch("with a member's epoch, of a classic group", group, both, member_id=told["member_id"], member_epoch=1)
    wanted = [{"name": name, "partitions": [{"partition_index": 0}]}]
    talk.ask("offset_delete", "of a group that reads", group_id=group, topics=wanted)
    talk.ask("offset_delete", "of a simple consumer", group_id=talk.name("simple"), topics=wanted)
    talk.ask("offset_delete", "again", group_id=talk.name("simple"), topics=wanted)
    unknown = [{"name": talk.name("nobody"), "partitions": [{"partition_index": 0}]}]
    talk.ask("offset_delete", "an unknown topic", group_id=talk.name("simple"), topics=unknown)
    talk.ask("offset_delete", "an unknown group", group_id=talk.name("no-group"), topics=wanted)


def consumer(talk: Talk) -> None:
    group, name = talk.name("consumer"), talk.name("subscribed")
    make(talk, name, 2)
    ready(talk, group)
    time.sleep(1)  # Kafka's group coordinator hears of a topic on its own
    named = f"member-{talk.name('one')}"

    def beat(case: str, epoch: int, member: str = named, **more: Any) -> Any:
        said = {
            "group_id": group, "member_id": member, "member_epoch": epoch, "rebalance_timeout": -1,
            "subscribed_topic_names": None, "topic_partitions": None, **more,
        }  # fmt: skip
        return talk.ask("consumer_group_heartbeat", case, **said)

    whole = {"rebalance_timeout": 5_000, "subscribed_topic_names": [name], "topic_partitions": []}
    beat("an empty name of a group", 0, group_id="", **whole)
    if not talk.lowest:
        beat("an empty id of a member", 0, "", **whole)
    beat("no subscription", 0, rebalance_timeout=5_000, topic_partitions=[])
    beat("no time-out", 0, subscribed_topic_names=[name], topic_partitions=[])
    beat("an epoch of -5", -5, **whole)
    beat("an unknown assignor", 0, **whole, server_assignor="best")
    beat("an unknown member", 5, "nobody")
    beat("an unknown group", 5, group_id=talk.name("no-group"))
    joined = beat("joining", 0, **whole)
    member, epoch = joined["member_id"], joined["member_epoch"]
    beat("nothing new", epoch, member)
    beat("an epoch too high", epoch + 9, member)
    if not talk.lowest:
        beat("a pattern that is none", epoch, member, subscribed_topic_regex="[")
    describe = "consumer_group_describe"
    talk.ask(describe, "one with a member", group_ids=[group])
    talk.ask(describe, "an unknown one", group_ids=[talk.name("no-group")])
    talk.ask(describe, "an empty name", group_ids=[""])
    talk.ask("describe_groups", "one of the consumer protocol", groups=[group])
    if not talk.lowest:
        talk.ask("join_group", "a classic member of a consumer group", group_id=group, session_timeout=30_000,
                 rebalance_timeout=5_000, member_id="", protocol_type="consumer", protocols=RANGE)  # fmt: skip
    talk.ask("heartbeat", "a classic heartbeat in a consumer group", group_id=group, generation_id=1, member_id=member)
    beat("leaving", -1, member)
    beat("leaving again", -1, member)
    talk.ask(describe, "an empty one", group_ids=[group])
    talk.ask("delete_groups", "an empty one of the consumer protocol", groups_names=[group])
    if not talk.lowest:
        beat("an empty id of a rack", 0, group_id=talk.name("racks"), rack_id="", **whole)


PARTS = (find_coordinator, classic, consumer)
