"""The authorizer by itself: rules, a question, and what Kafka's StandardAuthorizer answers."""

import pytest

from lab.kafka.metadata.authorizer import StandardAuthorizer
from lab.kafka.protocol.acls import (
    ALL_ACLS,
    EVERYBODY,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourceType,
)
from tests.kafka.access.rules import HOME, acls, may, rule


def test_without_a_rule_nobody_may_do_anything():
    nothing = acls()
    assert not may(nothing, "alice READ topic orders")
    assert not may(nothing, "alice DESCRIBE cluster")


def test_who_is_allowed_one_thing_may_do_that_and_no_other():
    known = acls("allow alice READ topic orders")
    assert may(known, "alice READ topic orders")
    assert not may(known, "alice WRITE topic orders")
    assert not may(known, "alice READ topic payments")
    assert not may(known, "alice READ group orders")
    assert not may(known, "bob READ topic orders")


@pytest.mark.parametrize("operation", ["READ", "WRITE", "DELETE", "ALTER"])
def test_who_may_use_a_topic_may_describe_it(operation: str):
    known = acls(f"allow alice {operation} topic orders")
    assert may(known, "alice DESCRIBE topic orders")
    assert not may(known, "alice DESCRIBE_CONFIGS topic orders")


def test_who_may_alter_settings_may_describe_them_but_not_the_topic():
    known = acls("allow alice ALTER_CONFIGS topic orders")
    assert may(known, "alice DESCRIBE_CONFIGS topic orders")
    assert not may(known, "alice DESCRIBE topic orders")


def test_create_implies_nothing():
    assert not may(acls("allow alice CREATE topic orders"), "alice DESCRIBE topic orders")


def test_who_is_denied_reading_may_still_be_allowed_to_describe():
    known = acls("deny alice READ topic orders", "allow alice DESCRIBE topic orders")
    assert may(known, "alice DESCRIBE topic orders")
    assert not may(known, "alice READ topic orders")


@pytest.mark.parametrize(
    "denial",
    [
        "deny alice READ topic orders",
        "deny alice ALL topic orders",
        "deny * READ topic orders",
        "deny alice READ topic ord*",
        "deny alice READ topic *",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_denial_wins_wherever_it_stands(denial: str, first: bool):
    rules = [denial, "allow alice READ topic orders", "allow alice ALL topic *"]
    known = acls(*(rules if first else rules[::-1]))
    assert not may(known, "alice READ topic orders")


def test_all_is_every_operation():
    known = acls("allow alice ALL topic orders")
    assert all(may(known, f"alice {one.name} topic orders") for one in AclOperation if one is not AclOperation.ANY)


def test_a_prefix_is_for_all_that_begin_so():
    known = acls("allow alice WRITE topic pay*")
    assert may(known, "alice WRITE topic payments")
    assert may(known, "alice WRITE topic pay")
    assert not may(known, "alice WRITE topic pa")
    assert not may(known, "alice WRITE topic repay")


def test_a_literal_name_is_no_prefix():
    assert not may(acls("allow alice WRITE topic pay"), "alice WRITE topic payments")


def test_a_star_is_for_all_of_a_type():
    known = acls("allow alice READ group *")
    assert may(known, "alice READ group any")
    assert not may(known, "alice READ topic any")


def test_the_user_star_is_everybody():
    known = acls("allow * READ topic orders")
    assert may(known, "alice READ topic orders")
    assert may(known, "ANONYMOUS READ topic orders")


def test_a_rule_may_be_for_one_host():
    assert may(acls(f"allow alice READ topic orders from {HOME}"), "alice READ topic orders")
    assert not may(acls("allow alice READ topic orders from 10.0.0.8"), "alice READ topic orders")
    known = acls("allow alice READ topic orders", f"deny alice READ topic orders from {HOME}")
    assert not may(known, "alice READ topic orders")


def test_a_super_user_may_do_what_is_denied_to_everybody():
    judge = StandardAuthorizer(("User:admin",))
    known = acls("deny * ALL topic *")
    assert may(known, "admin WRITE topic orders", judge)
    assert may(known, "admin WRITE topic", judge)
    assert not may(known, "alice WRITE topic orders", judge)


def test_allow_everyone_is_for_what_has_no_rule_at_all():
    judge = StandardAuthorizer(allow_everyone=True)
    known = acls("allow bob READ topic orders")
    assert may(known, "alice READ topic payments", judge)
    assert may(known, "alice DESCRIBE cluster", judge)
    assert not may(known, "alice READ topic orders", judge), "somebody has a rule there"
    assert not may(known, "bob WRITE topic orders", judge)
    assert not may(acls("allow bob READ topic *"), "alice READ topic payments", judge), "a star is a rule for each"


# --- with any of them -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((), False),
        (("allow alice WRITE topic orders",), True),
        (("allow alice READ topic orders",), False),
        (("allow bob WRITE topic orders",), False),
        (("allow alice WRITE topic orders", "deny alice WRITE topic orders"), False),
        (("allow alice WRITE topic orders", "deny alice WRITE topic ord*"), False),
        (("allow alice WRITE topic orders", "deny alice WRITE topic *"), False),
        (("allow alice WRITE topic ord*", "deny alice WRITE topic orders"), True),
        (("allow alice WRITE topic ord*", "deny alice WRITE topic ord"), True),
        (("allow alice WRITE topic ord*", "deny alice WRITE topic o*"), False),
        (("allow alice WRITE topic *", "deny alice WRITE topic orders"), True),
        (("allow alice ALL topic pay*", "deny alice READ topic *"), True),
        (("allow alice WRITE topic orders from 10.0.0.8",), False),
    ],
)
def test_whether_a_topic_is_left_that_may_be_written(rules: tuple[str, ...], expected: bool):
    assert may(acls(*rules), "alice WRITE topic") is expected


# --- filters --------------------------------------------------------------------------------------

RULES = (
    "allow alice READ topic orders",
    "allow alice READ topic ord*",
    "deny bob WRITE topic *",
    "allow alice READ group orders",
)


def found(wanted: AclBindingFilter) -> tuple[str, ...]:
    known = acls(*RULES)
    return tuple(RULES[int(one.partition("-")[2])] for one in known.matching(wanted))


def test_a_filter_that_says_nothing_finds_all():
    assert found(ALL_ACLS) == RULES


def test_a_filter_by_name_finds_those_of_that_name():
    orders = ALL_ACLS._replace(resource_type=ResourceType.TOPIC, name="orders")
    assert found(orders._replace(pattern_type=PatternType.LITERAL)) == (RULES[0],)
    assert found(orders._replace(pattern_type=PatternType.PREFIXED)) == ()
    assert found(orders) == (RULES[0],)


def test_match_finds_all_that_concern_a_resource():
    wanted = AclBindingFilter(
        ResourceType.TOPIC, "orders", PatternType.MATCH, None, None, AclOperation.ANY, AclPermissionType.ANY
    )
    assert found(wanted) == RULES[:3]
    assert found(wanted._replace(name="payments")) == (RULES[2],)


def test_a_filter_by_entry_takes_each_word_as_it_is():
    assert found(ALL_ACLS._replace(principal="User:bob")) == (RULES[2],)
    assert found(ALL_ACLS._replace(permission_type=AclPermissionType.DENY)) == (RULES[2],)
    assert found(ALL_ACLS._replace(operation=AclOperation.ALL)) == ()
    assert found(ALL_ACLS._replace(host=HOME)) == ()
    assert found(ALL_ACLS._replace(principal=EVERYBODY)) == ()


def test_what_is_taken_away_holds_no_more():
    known = acls("allow alice READ topic orders", "deny alice READ topic ord*")
    known.remove("id-1")
    assert may(known, "alice READ topic orders")
    known.remove("id-0")
    assert not may(known, "alice READ topic orders")
    assert may(known, "alice READ topic orders", StandardAuthorizer(allow_everyone=True)), "nothing of it is left"
    assert rule("allow alice READ topic orders") not in known.bindings.values()
