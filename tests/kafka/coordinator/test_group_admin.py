"""What administrators do with groups, and what Kafka answers (spec 4.8)."""

from lab.cluster.actions.groups import DeleteGroup, DeleteOffsets, DescribeGroup, ListGroups
from lab.cluster.actions.machines import Crash, Stop
from lab.cluster.session.offers import offers_for
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import ConsumerGroupDescribeRequest
from lab.kafka.protocol.messages.group_admin import DeleteGroupsRequest, ListGroupsRequest, OffsetDeleteRequest
from lab.kafka.protocol.messages.groups import DescribeGroupsRequest
from lab.kafka.protocol.messages.offsets import CommittedOffset, OffsetCommitRequest, OffsetFetchRequest
from tests.story import ORDERS, Story, orders, settings

CLASSIC = settings(auto_offset_reset="earliest")
CONSUMER = settings(auto_offset_reset="earliest", group_protocol="consumer")


def two_groups() -> Story:
    """`pay` of the classic protocol, `ship` of the consumer protocol, one member each."""
    story = Story(topics=orders(partitions=2))
    story.producer("web", rate=20)
    story.consumer("teller", config=CLASSIC)
    story.consumer("packer", group="ship", config=CONSUMER)
    story.run(12)
    return story


def results(story: Story) -> list[tuple[str, str]]:
    return [(one.error, one.text) for one in story.told(facts.AdminResult)]


def test_spec_04_8_a_group_with_members_is_not_deleted():
    story = two_groups()
    for group in ("pay", "ship", "nobody"):
        story.act(DeleteGroup(group))
    story.run(2)
    assert results(story) == [("NON_EMPTY_GROUP", ""), ("NON_EMPTY_GROUP", ""), ("GROUP_ID_NOT_FOUND", "")]
    assert story.world.moments[-1].text == "DeleteGroups: GROUP_ID_NOT_FOUND"


def test_spec_04_8_an_empty_group_is_deleted_with_its_offsets():
    story = two_groups()
    for name, group in (("teller", "pay"), ("packer", "ship")):
        host = f"broker-{story.coordinator(group)}"
        story.act(Stop(name))
        story.run(1)
        assert story.ask(host, OffsetFetchRequest(group)).offsets
        assert story.ask(host, DeleteGroupsRequest((group,))).groups == {group: ErrorCode.NONE}
        assert story.ask(host, OffsetFetchRequest(group)).offsets == {}
        assert story.ask(host, DeleteGroupsRequest((group,))).groups == {group: ErrorCode.GROUP_ID_NOT_FOUND}


def test_spec_04_8_offsets_of_a_topic_that_is_read_are_not_deleted():
    story = two_groups()
    for group in ("pay", "ship"):
        host = f"broker-{story.coordinator(group)}"
        answer = story.ask(host, OffsetDeleteRequest(group, (ORDERS,)))
        assert answer.partitions == {ORDERS: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC}
    story.act(Stop("packer"))
    story.run(1)
    story.act(DeleteOffsets("ship", "orders"))
    story.run(1)
    assert results(story)[-1] == ("", "")
    assert story.ask(host, OffsetFetchRequest("ship")).offsets == {}
    assert story.consumer_group("ship").state == "Empty"


def test_spec_04_8_offsets_are_moved_from_outside_only_while_nobody_is_in_the_group():
    story = two_groups()
    for name, group in (("teller", "pay"), ("packer", "ship")):
        host = f"broker-{story.coordinator(group)}"
        asked = OffsetCommitRequest(group, -1, "", {ORDERS: CommittedOffset(0)})
        assert story.ask(host, asked).partitions == {ORDERS: ErrorCode.UNKNOWN_MEMBER_ID}
        story.act(Stop(name))
        story.run(1)
        assert story.ask(host, asked).partitions == {ORDERS: ErrorCode.NONE}
        assert story.ask(host, OffsetFetchRequest(group)).offsets[ORDERS].offset == 0


def test_spec_04_8_groups_are_listed_with_type_and_state():
    story = two_groups()
    story.act(ListGroups())
    story.run(1)
    assert results(story) == [("", "pay (classic, Stable), ship (consumer, Stable)")]
    host = f"broker-{story.coordinator('ship')}"
    listed = story.ask(host, ListGroupsRequest(types_filter=("consumer",), states_filter=("Stable",))).groups
    assert [one.group_id for one in listed] == ["ship"]
    assert story.ask(host, ListGroupsRequest(states_filter=("Empty",))).groups == ()


def test_spec_04_8_a_group_is_described_as_what_it_is():
    story = two_groups()
    for group in ("ship", "pay", "nobody"):
        story.act(DescribeGroup(group))
    story.run(2)
    ship, pay, nobody = [text for _, text in results(story)]
    assert ship == "ship: Stable in epoch 1, uniform; packer has orders-0, orders-1"
    assert pay.startswith("pay: Stable in generation 1, range; teller-")
    assert pay.endswith(" has orders-0, orders-1")
    assert nobody == "nobody: there is no such group"
    host = f"broker-{story.coordinator('ship')}"
    assert story.ask(host, DescribeGroupsRequest(("ship",))).groups[0].state == "Dead"


def hosts(story: Story) -> dict[str, str]:
    """Of both groups: where each member is, by its client id."""
    classic = story.ask(f"broker-{story.coordinator('pay')}", DescribeGroupsRequest(("pay",))).groups[0].members
    host = f"broker-{story.coordinator('ship')}"
    modern = story.ask(host, ConsumerGroupDescribeRequest(("ship",))).groups[0].members
    return {one.client_id: one.client_host for one in (*classic, *modern)}


def test_an_administrator_is_told_where_members_are_and_so_is_the_next_coordinator_by_the_log():
    story = two_groups()
    assert hosts(story) == {"teller": "teller", "packer": "packer"}, "a simulated client is known by its machine"
    before = story.coordinator("pay"), story.coordinator("ship")
    story.act(*(Crash(f"broker-{one}") for one in dict.fromkeys(before)))
    story.run(20)
    assert story.coordinator("pay") not in before
    assert hosts(story) == {"teller": "teller", "packer": "packer"}


def test_a_group_without_a_name_fails_the_description_of_all():
    story = two_groups()
    host = f"broker-{story.coordinator('ship')}"
    groups = story.ask(host, ConsumerGroupDescribeRequest(("ship", ""))).groups
    assert [one.error_code for one in groups] == [ErrorCode.UNKNOWN_SERVER_ERROR] * 2


def test_a_group_offers_all_that_in_its_menu():
    story = two_groups()
    offered = {one.name: one for one in offers_for(story.world, "group", "ship")}
    assert {"describe_group", "delete_group", "delete_offsets", "replay"} <= set(offered)
    assert offered["delete_group"].action == DeleteGroup("ship")
    assert offered["delete_offsets"].make({"topic": "orders"}) == DeleteOffsets("ship", "orders")
    assert "list_groups" in {one.name for one in offers_for(story.world, "cluster", "")}
