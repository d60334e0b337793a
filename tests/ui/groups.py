"""A group's history made by hand: every kind of stretch is in it."""

from lab.cluster.probes.ownership import GroupOwnership, Rebalance, Stopped, Tenure, Unread

SECOND = 1_000_000
LATEST = 54 * SECOND


def group_with_two_rebalances() -> GroupOwnership:
    """An eager rebalance when a third member joins; then one dies, and its partition is taken over. A cooperative one
    would leave the tick of `orders-0` out.
    """
    seconds = SECOND
    tenures = (
        Tenure("orders-0", "pay-a", 1, 6 * seconds, 14 * seconds, 100, "revoked"),
        Tenure("orders-1", "pay-b", 1, 6 * seconds, 14 * seconds, 101, "revoked"),
        Tenure("orders-2", "pay-b", 1, 6 * seconds, 14 * seconds, 101, "revoked"),
        Tenure("orders-0", "pay-a", 2, 14_005_000, None, 200),
        Tenure("orders-1", "pay-b", 2, 14_005_000, 32 * seconds, 201, "taken", silent_from=28 * seconds),
        Tenure("orders-2", "pay-c", 2, 16 * seconds, None, 202),
        Tenure("orders-1", "pay-a", 3, 32 * seconds, None, 300),
    )
    unread = (
        Unread("orders-0", "pay-a", "revoked", 14 * seconds, 14_005_000, 190),
        Unread("orders-1", "pay-b", "revoked", 14 * seconds, 14_005_000, 191),
        Unread("orders-2", "pay-b", "lost", 14 * seconds, 16 * seconds, 191),
        Unread("orders-1", "pay-b", "silent", 28 * seconds, 32 * seconds, 250),
    )
    stopped = (
        Stopped("pay-a", 14 * seconds, 14_005_000, 190),
        Stopped("pay-b", 14 * seconds, 14_005_000, 191),
    )
    rebalances = (
        Rebalance(100_000, 6 * seconds, 50, "pay-a joins", 1),
        Rebalance(
            13_900_000, 14_004_000, 180, "pay-c joins", 2, (("pay-a", 5_000), ("pay-b", 5_000)),
            (("orders-0", 5_000), ("orders-1", 5_000), ("orders-2", 2 * seconds)),
        ),
        Rebalance(31_990_000, 32 * seconds, 290, "pay-b was silent for its session timeout", 3),
    )  # fmt: skip
    return GroupOwnership(
        "payments", ("orders-0", "orders-1", "orders-2"), ("pay-a", "pay-b", "pay-c"), tenures, unread, stopped,
        rebalances,
    )  # fmt: skip


def group_in_a_rebalance() -> GroupOwnership:
    """Everything is given up, and nothing handed out yet."""
    return GroupOwnership(
        "audit", ("orders-0",), ("audit-1",),
        (Tenure("orders-0", "audit-1", 1, 6 * SECOND, 40 * SECOND, 100, "revoked"),),
        (Unread("orders-0", "audit-1", "revoked", 40 * SECOND, None, 400),),
        (Stopped("audit-1", 40 * SECOND, None, 400),),
        (Rebalance(39 * SECOND, None, 390, "audit-2 joins"),),
    )  # fmt: skip
