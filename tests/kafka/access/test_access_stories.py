"""A cluster with an authorizer at work: what is allowed is done, what is not is told, and rules outlive machines."""

import pytest

from lab.cluster.actions.access import AddAcl, DeleteAcls
from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.build import CONTROLLER
from lab.cluster.spec import TopicSpec
from lab.kafka import facts
from lab.kafka.metadata.snapshot import image_of_records, records_of
from lab.kafka.protocol.acls import ALL_ACLS, AclOperation, PatternType, ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import (
    AclResult,
    CreateAclsRequest,
    DeleteAclsRequest,
    DescribeAclsRequest,
)
from lab.kafka.protocol.messages.cluster import DescribeClusterRequest
from lab.kafka.protocol.messages.describe_topic_partitions import Cursor, DescribeTopicPartitionsRequest
from lab.kafka.protocol.messages.fetch import INITIAL_EPOCH, FetchPartition, FetchRequest
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorRequest
from lab.kafka.protocol.messages.group_admin import ListGroupsRequest
from lab.kafka.protocol.messages.groups import DescribeGroupsRequest
from lab.kafka.protocol.messages.metadata import MetadataRequest
from lab.kafka.protocol.messages.offsets import CommittedOffset, OffsetCommitRequest, OffsetFetchRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, DeleteTopicsRequest, NewTopic
from lab.kafka.protocol.messages.transaction_admin import ListTransactionsRequest
from lab.kafka.protocol.schema import UNKNOWN_OPERATIONS
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.access.gated import AUTHORIZER, Gated
from tests.kafka.access.rules import rule
from tests.story import ORDERS, Story, batch, orders

PAYMENTS = TopicPartition("payments", 0)
TOPICS = (TopicSpec("orders", 1, 3), TopicSpec("payments", 1, 3))
DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED


def both(acks: int) -> ProduceRequest:
    return ProduceRequest(acks, 1_000, {ORDERS: batch("one"), PAYMENTS: batch("two")})


# --- records --------------------------------------------------------------------------------------


def test_of_two_topics_the_allowed_one_is_written_and_the_other_is_refused():
    gated = Gated(topics=TOPICS)
    gated.have("allow hand WRITE topic orders")
    answer = gated.ask("broker-1", both(1)).responses
    assert {name: one.error_code for name, one in answer.items()} == {ORDERS: ErrorCode.NONE, PAYMENTS: DENIED}
    assert gated.ends(PAYMENTS)[gated.state(PAYMENTS).leader_id] == (0, 0)


def test_what_was_refused_stands_in_an_answer_that_had_to_wait():
    gated = Gated(topics=TOPICS)
    gated.have("allow hand WRITE topic orders")
    answer = gated.ask("broker-1", both(-1)).responses
    assert (answer[ORDERS].error_code, answer[PAYMENTS].error_code) == (ErrorCode.NONE, DENIED)
    assert gated.ends() == {1: (1, 1), 2: (0, 1), 3: (0, 1)}, "all have it, and are told so with the next fetch"
    again = gated.ask("broker-1", ProduceRequest(1, 1_000, {ORDERS: batch("two")})).responses
    assert list(again) == [ORDERS], "the next answer knows nothing of it"


def test_with_acks_0_what_is_not_allowed_is_not_written_and_nothing_is_said():
    gated = Gated(topics=TOPICS)
    gated.have("allow hand WRITE topic orders")
    number = gated.send("broker-1", both(0))
    gated.run(1)
    assert gated.answer(number) is None
    assert gated.ends()[1] == (1, 1)
    assert gated.ends(PAYMENTS)[gated.state(PAYMENTS).leader_id] == (0, 0)


def test_a_fetch_has_no_session_so_a_rule_that_goes_is_noticed_with_the_next():
    gated = Gated(topics=orders())
    gated.have("allow hand READ topic orders", "allow hand WRITE topic orders")
    gated.ask("broker-1", ProduceRequest(-1, 1_000, {ORDERS: batch("one")}))
    asked = FetchRequest(-1, 500, 1, 1_000, {ORDERS: FetchPartition(0, 1_000)}, session_epoch=INITIAL_EPOCH)
    answer = gated.ask("broker-1", asked)
    assert (answer.session_id, answer.responses[ORDERS].error_code) == (0, ErrorCode.NONE)
    gated.have()
    assert gated.ask("broker-1", asked).responses[ORDERS].error_code is DENIED


def test_a_fetch_of_nothing_that_is_allowed_does_not_wait():
    gated = Gated(topics=orders())
    before = gated.now
    number = gated.send("broker-1", FetchRequest(-1, 20_000, 1, 1_000, {ORDERS: FetchPartition(0, 1_000)}))
    gated.run(1)
    assert gated.answer(number).responses[ORDERS].error_code is DENIED
    assert gated.answered_at(number) - before < 100


def test_brokers_copy_and_answer_to_each_other_without_any_rule():
    gated = Gated(topics=orders())
    assert gated.state().isr == (1, 2, 3)
    gated.act(Crash("broker-1"))
    gated.elected(2)
    gated.act(Restart("broker-1"))
    gated.until(lambda: 1 in gated.state().isr)


# --- who is told of what --------------------------------------------------------------------------


def test_of_all_topics_only_those_are_told_that_one_may_describe():
    gated = Gated(topics=TOPICS)
    gated.have("allow hand DESCRIBE topic pay*")
    assert list(gated.ask("broker-1", MetadataRequest()).topics) == ["payments"]
    page = gated.ask("broker-1", DescribeTopicPartitionsRequest(())).topics
    assert [one.name for one in page] == ["payments"]
    gated.have()
    assert gated.ask("broker-1", MetadataRequest()).topics == {}
    assert gated.ask("broker-1", DescribeTopicPartitionsRequest(())).topics == ()


def test_a_refused_topic_stands_on_no_page_that_begins_behind_it():
    gated = Gated(topics=TOPICS)
    gated.have("allow hand DESCRIBE topic payments")
    both_named = DescribeTopicPartitionsRequest(("orders", "payments"))
    first = gated.ask("broker-1", both_named).topics
    assert [(one.name, one.error_code) for one in first] == [("payments", ErrorCode.NONE), ("orders", DENIED)]
    both_named.cursor = Cursor("payments", 0)
    assert [one.name for one in gated.ask("broker-1", both_named).topics] == ["payments"]


def test_whether_a_topic_exists_is_not_told_to_one_who_may_not_describe_it():
    gated = Gated(topics=TOPICS)
    answer = gated.ask("broker-1", MetadataRequest(("orders", "no-such-topic"))).topics
    assert [(one.error_code, one.partitions, one.topic_id) for one in answer.values()] == [(DENIED, {}, "")] * 2
    answer = gated.ask("broker-1", DeleteTopicsRequest(("orders", "no-such-topic"))).topics
    assert [one.error_code for one in answer] == [DENIED, DENIED]


def test_a_topic_that_is_called_by_its_id_is_not_called_by_its_name():
    gated = Gated(topics=TOPICS)
    topic_id = gated.broker(1).image.topic_id("orders")
    (one,) = gated.ask("broker-1", MetadataRequest((), (topic_id,))).topics.values()
    assert (one.error_code, one.name, one.topic_id) == (DENIED, "", topic_id)
    (one,) = gated.ask("broker-1", DeleteTopicsRequest((), (topic_id,))).topics
    assert (one.error_code, one.name, one.topic_id) == (DENIED, "", topic_id)
    gated.have("allow hand DESCRIBE topic orders")
    (one,) = gated.ask("broker-1", DeleteTopicsRequest((), (topic_id,))).topics
    assert (one.error_code, one.name) == (DENIED, "orders")
    gated.have("allow hand DELETE topic orders")
    (one,) = gated.ask("broker-1", DeleteTopicsRequest((), (topic_id,))).topics
    assert one.error_code is ErrorCode.NONE


def test_of_groups_only_those_are_listed_that_one_may_describe():
    gated = Gated(topics=orders())
    rules = ["allow hand READ group *", "allow hand READ topic orders"]
    gated.have(*rules)
    for group in ("pay", "ship"):
        commit = OffsetCommitRequest(group, -1, "", {ORDERS: CommittedOffset(1)})
        gated.until(lambda commit=commit: _committed(gated, commit))
    listed = {"pay", "ship"}
    assert _listed(gated) == listed, "READ implies DESCRIBE"
    gated.have("allow hand DESCRIBE group pay")
    assert _listed(gated) == {"pay"}
    gated.have("allow hand DESCRIBE cluster kafka-cluster")
    assert _listed(gated) == listed
    gated.have("allow hand DESCRIBE group pay")
    coordinator = f"broker-{gated.coordinator('pay')}"
    assert gated.ask(coordinator, OffsetFetchRequest("pay")).offsets == {}, "of no topic is told anything"
    gated.have("allow hand DESCRIBE group pay", "allow hand DESCRIBE topic orders")
    assert list(gated.ask(coordinator, OffsetFetchRequest("pay")).offsets) == [ORDERS]


def _committed(gated: Gated, commit: OffsetCommitRequest) -> bool:
    found = gated.ask("broker-1", FindCoordinatorRequest(commit.group_id))
    return bool(found.host) and not any(gated.ask(found.host, commit).partitions.values())


def _listed(gated: Gated) -> set[str]:
    answers = [gated.ask(f"broker-{one}", ListGroupsRequest()) for one in (1, 2, 3)]
    return {group.group_id for answer in answers for group in answer.groups}


def test_transactions_are_listed_to_who_may_describe_them():
    gated = Gated(topics=orders())
    gated.have("allow shop WRITE topic orders", "allow shop WRITE transactional_id shop")
    gated.producer("shop", rate=5, config=(("transactional.id", "shop"),))
    gated.run(5)
    listed = [one for at in (1, 2, 3) for one in gated.ask(f"broker-{at}", ListTransactionsRequest()).transactions]
    assert listed == []
    gated.have("allow hand DESCRIBE transactional_id shop")
    listed = [one for at in (1, 2, 3) for one in gated.ask(f"broker-{at}", ListTransactionsRequest()).transactions]
    assert [one.transactional_id for one in listed] == ["shop"]


def test_settings_of_a_new_topic_are_told_to_who_may_describe_them():
    gated = Gated(topics=orders())
    gated.have("allow hand CREATE topic new*")
    (one,) = gated.ask("broker-1", CreateTopicsRequest((NewTopic("new", 2, 3),))).topics
    assert (one.error_code, one.num_partitions, one.configs, one.topic_config_error_code) == (
        ErrorCode.NONE, -1, (), DENIED,
    )  # fmt: skip
    gated.have("allow hand CREATE topic new*", "allow hand DESCRIBE_CONFIGS topic new*")
    (one,) = gated.ask("broker-1", CreateTopicsRequest((NewTopic("newer", 2, 3),))).topics
    assert (one.num_partitions, one.topic_config_error_code) == (2, ErrorCode.NONE)
    assert one.configs


# --- allowed operations ---------------------------------------------------------------------------


def bits(*operations: AclOperation) -> int:
    return sum(1 << one for one in operations)


ALL_OF_A_TOPIC = 3_576
ALL_OF_THE_CLUSTER = bits(
    AclOperation.CREATE, AclOperation.ALTER, AclOperation.DESCRIBE, AclOperation.CLUSTER_ACTION,
    AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS, AclOperation.IDEMPOTENT_WRITE,
)  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "topic", "cluster"),
    [
        (("allow hand DESCRIBE topic orders",), bits(AclOperation.DESCRIBE), 0),
        (
            ("allow hand ALL topic orders", "allow hand CREATE cluster kafka-cluster"),
            ALL_OF_A_TOPIC, 0,
        ),
        (
            ("allow hand READ topic orders", "allow hand ALTER cluster kafka-cluster"),
            bits(AclOperation.READ, AclOperation.DESCRIBE), bits(AclOperation.ALTER, AclOperation.DESCRIBE),
        ),
    ],
)  # fmt: skip
def test_who_asks_is_told_what_they_may_do(rules: tuple[str, ...], topic: int, cluster: int):
    gated = Gated(topics=orders())
    gated.have(*rules)
    told = gated.ask("broker-1", MetadataRequest(("orders",), (), False, True, True))
    assert (told.topics["orders"].authorized_operations, told.cluster_authorized_operations) == (topic, cluster)
    assert gated.ask("broker-1", DescribeClusterRequest(1, True)).cluster_authorized_operations == cluster


def test_without_an_authorizer_everybody_may_do_all_that_there_is():
    story = Story(topics=orders())
    told = story.ask("broker-1", MetadataRequest(("orders",), (), False, True, True))
    assert (told.topics["orders"].authorized_operations, told.cluster_authorized_operations) == (
        ALL_OF_A_TOPIC,
        ALL_OF_THE_CLUSTER,
    )
    assert story.ask("broker-1", DescribeClusterRequest(1, True)).cluster_authorized_operations == ALL_OF_THE_CLUSTER
    told = story.ask("broker-1", MetadataRequest(("orders",)))
    assert told.topics["orders"].authorized_operations == UNKNOWN_OPERATIONS
    story.consumer("till")
    story.run(10)
    coordinator = f"broker-{story.coordinator()}"
    (group,) = story.ask(coordinator, DescribeGroupsRequest(("pay",), True)).groups
    assert group.authorized_operations == bits(
        AclOperation.READ, AclOperation.DELETE, AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS,
        AclOperation.ALTER_CONFIGS,
    )  # fmt: skip


# --- the rules themselves -------------------------------------------------------------------------


def test_a_rule_is_made_told_of_and_deleted():
    gated = Gated(topics=orders())
    gated.have("allow hand ALTER cluster kafka-cluster")
    mine = rule("allow hand WRITE topic orders"), rule("deny bob ALL group *"), rule("allow bob READ topic ord*")
    made = gated.ask("broker-2", CreateAclsRequest(mine))
    assert made.results == (AclResult(ErrorCode.NONE),) * 3
    gated.run(1)
    told = gated.ask("broker-3", DescribeAclsRequest(ALL_ACLS._replace(principal="User:bob"))).resources
    assert told == {one.pattern: (one.entry,) for one in mine[1:]}
    orders_only = ALL_ACLS._replace(
        resource_type=ResourceType.TOPIC, name="orders", pattern_type=PatternType.MATCH, principal=None
    )
    gone = gated.ask("broker-1", DeleteAclsRequest((orders_only, ALL_ACLS._replace(name="nothing"))))
    assert [(one.error_code, one.matching_acls) for one in gone.filter_results] == [
        (ErrorCode.NONE, (mine[0], mine[2])), (ErrorCode.NONE, ()),
    ]  # fmt: skip
    gated.run(1)
    left = gated.ask("broker-3", DescribeAclsRequest(ALL_ACLS)).resources
    assert list(left) == [rule("allow hand ALTER cluster kafka-cluster").pattern, mine[1].pattern]


def test_a_rule_that_is_there_is_not_made_again():
    gated = Gated(topics=orders())
    twice = (rule("allow hand READ topic orders"),) * 2
    for _ in range(2):
        assert gated.ask(CONTROLLER, CreateAclsRequest(twice)).results == (AclResult(ErrorCode.NONE),) * 2
    gated.run(1)
    acls = gated.broker(1).image.acls
    assert acls is not None
    assert len(acls.bindings) == 1


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"resource_type": ResourceType.ANY}, "Invalid resourceType ANY"),
        ({"pattern_type": PatternType.ANY}, "Invalid patternType ANY"),
        ({"pattern_type": PatternType.MATCH}, "Invalid patternType MATCH"),
        ({"name": ""}, "Invalid empty resource name"),
        ({"resource_type": ResourceType.CLUSTER}, "The only valid name for the CLUSTER resource is kafka-cluster"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused_in_kafkas_words(changes: dict[str, object], text: str):
    gated = Gated(topics=orders())
    good = rule("allow hand READ topic orders")
    bad = good._replace(pattern=good.pattern._replace(**changes))
    answer = gated.ask(CONTROLLER, CreateAclsRequest((bad, good)))
    assert answer.results == (AclResult(ErrorCode.INVALID_REQUEST, text), AclResult(ErrorCode.NONE))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"operation": AclOperation.ANY}, "Invalid operation ANY"),
        ({"principal": "hand"}, "Could not parse principal from `hand`"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_in_kafkas_words(changes: dict[str, object], text: str):
    gated = Gated(topics=orders())
    good = rule("allow hand READ topic orders")
    (one,) = gated.ask(CONTROLLER, CreateAclsRequest((good._replace(entry=good.entry._replace(**changes)),))).results
    assert one.error_code is ErrorCode.INVALID_REQUEST
    assert one.error_message.startswith(text)


def test_without_an_authorizer_there_are_no_rules():
    story = Story(topics=orders())
    assert story.ask("broker-1", DescribeAclsRequest(ALL_ACLS)).error_code is ErrorCode.SECURITY_DISABLED
    disabled = ErrorCode.SECURITY_DISABLED, "No Authorizer is configured."
    made = story.ask("broker-1", CreateAclsRequest((rule("allow hand READ topic orders"),)))
    assert made.results == (AclResult(*disabled),)
    (gone,) = story.ask("broker-1", DeleteAclsRequest((ALL_ACLS,))).filter_results
    assert (gone.error_code, gone.error_message) == disabled


def test_rules_outlive_their_controller_and_stand_in_a_snapshot():
    gated = Gated(topics=orders())
    rules = "allow hand READ topic orders", "deny bob ALL group pay*"
    gated.have(*rules)
    gated.act(Crash(CONTROLLER), Restart(CONTROLLER))
    gated.act(Crash("broker-1"), Restart("broker-1"))
    gated.run(10)
    expected = [rule(one) for one in rules]
    acls = gated.broker(1).image.acls
    assert acls is not None
    assert list(acls.bindings.values()) == expected
    image = gated.broker(1).image
    again = image_of_records(records_of(image), image.offset)
    assert again.acls is not None
    assert again.acls.bindings == acls.bindings


# --- as a person does it --------------------------------------------------------------------------


def test_a_person_allows_and_takes_it_back():
    gated = Gated(topics=orders())
    rule_of_shop = AddAcl("User:shop", "WRITE", resource="orders")
    assert rule_of_shop.describe() == "Allow User:shop to WRITE topic orders"
    gated.act(rule_of_shop)
    gated.run(1)
    gated.producer("shop", rate=5)
    gated.run(5)
    assert not gated.told(facts.RecordsFailed)
    gated.act(DeleteAcls("User:shop"))
    gated.run(5)
    assert {one.error for one in gated.told(facts.RecordsFailed)} == {"TOPIC_AUTHORIZATION_FAILED"}
    results = [(one.request, one.error, one.text) for one in gated.told(facts.AdminResult)]
    assert results[-2:] == [("CreateAclsRequest", "", ""), ("DeleteAclsRequest", "", "1 deleted")]


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (AddAcl(operation="EAT"), "operation: wanted one of ANY, ALL, READ"),
        (AddAcl(operation="ANY"), "Invalid operation ANY"),
        (AddAcl(principal="shop"), "Could not parse principal"),
        (AddAcl(resource_type="CLUSTER"), "The only valid name for the CLUSTER resource is kafka-cluster"),
        (DeleteAcls(pattern_type="REGEX"), "pattern_type: wanted one of ANY, MATCH, LITERAL, PREFIXED"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_before_it_is_asked_for(action: AddAcl | DeleteAcls, text: str):
    assert action.refusal(Gated(topics=orders()).world).startswith(text)


@pytest.mark.parametrize("action", [AddAcl(), DeleteAcls()])
def test_without_an_authorizer_rules_are_refused_with_the_setting(action: AddAcl | DeleteAcls):
    assert "wanted authorizer.class.name" in action.refusal(Story(topics=orders()).world)


# --- simulated clients ----------------------------------------------------------------------------


def test_a_simulated_client_is_the_user_of_its_own_name():
    gated = Gated(topics=orders())
    gated.have("allow shop WRITE topic orders", "allow till READ topic orders", "allow till READ group pay")
    gated.producer("shop", rate=5)
    gated.consumer("till")
    gated.run(20)
    assert len(gated.done()) > 20
    assert not gated.told(facts.RecordsFailed)


@pytest.mark.parametrize(
    ("rules", "error"),
    [
        (("allow shop IDEMPOTENT_WRITE cluster kafka-cluster",), "TOPIC_AUTHORIZATION_FAILED"),
        (("allow shop DESCRIBE topic orders",), "CLUSTER_AUTHORIZATION_FAILED"),
        (
            ("allow shop DESCRIBE topic orders", "allow shop IDEMPOTENT_WRITE cluster kafka-cluster"),
            "TOPIC_AUTHORIZATION_FAILED",
        ),
    ],
)
def test_a_producer_without_rules_fails_what_it_is_given_at_once(rules: tuple[str, ...], error: str):
    gated = Gated(topics=orders())
    gated.have(*rules)
    gated.producer("shop", rate=5)
    gated.run(5)
    failed = gated.told(facts.RecordsFailed)
    assert failed
    assert {one.error for one in failed} == {error}
    assert sum(len(one.births) for one in failed) >= 20
    gated.have("allow shop WRITE topic orders")
    gated.run(3)
    assert gated.told(facts.RecordsAcked), "its next records are written"


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
@pytest.mark.parametrize(
    ("rules", "exception"),
    [
        ((), "TopicAuthorizationException: orders"),
        (("allow till READ topic orders",), "GroupAuthorizationException"),
        (("allow till READ topic orders", "allow till DESCRIBE group pay"), "GroupAuthorizationException"),
        (("allow till DESCRIBE topic orders", "allow till READ group pay"), "TopicAuthorizationException: orders"),
    ],
)
def test_a_consumer_without_rules_throws_and_ends(rules: tuple[str, ...], exception: str, protocol: str):
    gated = Gated(topics=orders())
    gated.have(*rules)
    gated.consumer("till", config=(("group.protocol", protocol),))
    gated.run(10)
    assert exception in [one.exception for one in gated.told(facts.PollFailed)]


def test_what_a_consumer_may_read_no_more_ends_it():
    gated = Gated(topics=orders())
    gated.have("allow shop WRITE topic orders", "allow till READ topic orders", "allow till READ group pay")
    gated.producer("shop", rate=5)
    gated.consumer("till")
    gated.run(20)
    assert not gated.told(facts.PollFailed)
    gated.have("allow shop WRITE topic orders", "allow till READ group pay")
    gated.run(5)
    assert [one.exception for one in gated.told(facts.PollFailed)] == ["TopicAuthorizationException: orders"]


def test_a_super_user_needs_no_rule():
    story = Story(topics=orders(), broker_config=(AUTHORIZER[0], ("super.users", "User:admin; User:hand")))
    answer = story.ask("broker-1", ProduceRequest(1, 1_000, {ORDERS: batch("one")}))
    assert answer.responses[ORDERS].error_code is ErrorCode.NONE
