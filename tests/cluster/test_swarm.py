"""What the seeds of the fuzzer draw: everything that is promised to be drawn, and nothing that cannot be."""

from collections import Counter

from lab.cluster.actions.settings import SetClientConfig
from lab.cluster.fuzzing.swarm import Plan, plan, trouble
from lab.kafka.config.client import ProducerConfig
from lab.kafka.config.flavours import DEFAULT_FLAVOUR, FLAVOURS

POLICY = "group.consumer.migration.policy"
PLANS = {seed: plan(seed) for seed in range(300)}


def test_all_that_is_drawn_can_be_built():
    for drawn in PLANS.values():
        drawn.spec.checked()


def test_producers_and_consumers_of_every_library_are_drawn():
    for clients in ("producers", "consumers"):
        found = Counter(one.flavour for drawn in PLANS.values() for one in getattr(drawn.spec, clients))
        assert set(found) == set(FLAVOURS), clients
        assert found[DEFAULT_FLAVOUR] > found.total() // 2


def test_what_a_library_is_known_by_is_often_left_to_it():
    made = [one for drawn in PLANS.values() for one in drawn.spec.producers]
    left = [one for one in made if one.flavour != DEFAULT_FLAVOUR and "acks" not in dict(one.config)]
    acks = {(one.flavour, ProducerConfig(one.config, one.flavour).acks) for one in left}
    assert {("java-2.3", "1"), ("java-3", "all"), ("librdkafka", "all")} <= acks
    in_flight = {ProducerConfig(one.config, one.flavour).max_in_flight_requests_per_connection for one in made}
    assert 1_000_000 in in_flight


def test_eligible_leaders_and_both_versions_of_transactions_are_drawn():
    config = Counter(one for drawn in PLANS.values() for one in drawn.spec.broker_config)
    for one in (
        ("eligible.leader.replicas.enable", "true"),
        ("transaction.version", "1"),
        ("transaction.version", "2"),
    ):
        assert config[one] > 5, one


def test_some_applications_make_a_producer_for_each_request():
    found = [(drawn, one) for drawn in PLANS.values() for one in drawn.spec.producers if one.audit is not None]
    assert 10 < len(found) < 60
    assert {one.audit.shared for _, one in found if one.audit is not None} == {True, False}
    assert not any(drawn.spec.service_levels for drawn, _ in found)


def test_some_clusters_are_left_alone_and_owe_promptness():
    alone = [drawn for drawn in PLANS.values() if drawn.spec.service_levels]
    assert 15 < len(alone) < 60
    assert all(drawn.actions == () for drawn in alone)


def test_what_a_seed_once_found_is_not_drawn_anew_with_the_libraries():
    for seed, drawn in PLANS.items():
        assert [one for one in drawn.actions if one in trouble(seed).actions] in ([*trouble(seed).actions], [])


def test_some_groups_change_their_protocol_while_they_run():
    found = {seed: _protocols(drawn) for seed, drawn in PLANS.items() if _protocols(drawn)}
    assert 40 < len(found) < 100
    assert {"classic", "consumer"} == {one for protocols in found.values() for one in protocols}
    assert sum(len(dict.fromkeys(protocols)) == 2 for protocols in found.values()) > 15
    policies = Counter(one for drawn in PLANS.values() for one in drawn.spec.broker_config if "migration" in one[0])
    assert set(policies) == {(POLICY, "bidirectional"), (POLICY, "upgrade")}


def _protocols(drawn: Plan) -> list[str]:
    """To which protocols members of this plan change, in that order."""
    return [
        one.value for _, one in drawn.actions
        if isinstance(one, SetClientConfig) and one.setting == "group.protocol"
    ]  # fmt: skip
