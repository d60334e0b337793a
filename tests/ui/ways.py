"""Ways from a cause to an event, made by hand: each kind of step is in one of them."""

from lab.cluster.probes.causes import Aside, CausesView, Down, Step

SECOND = 1_000_000


def way_of_a_fencing() -> CausesView:
    """Somebody crashes a broker; it is not heard; the controller fences it and a broker learns of that."""
    steps = (
        Step(2_708, 8 * SECOND, "broker-1", "action", "operator", "Crash broker-1", 8 * SECOND,
             moments=("crash · broker-1",), tone="fail"),
        Step(4_204, 15_500_000, "controller-1", "silence", "broker-1", "sessions", 8 * SECOND,
             moments=("The controller fences broker-1: no heartbeat", "broker-2 leads orders-0"), tone="fail"),
        Step(4_209, 15_500_700, "broker-2", "message", "controller-1", "FetchMetadataResponse", 15_500_000),
        Step(4_230, 15_600_000, "broker-2", "timer", "broker-2", "fetch", 15_500_700, repeats=3),
        Step(4_231, 15_600_400, "controller-1", "message", "broker-2", "AlterPartitionRequest", 15_600_000,
             moments=("broker-3 leaves the ISR of orders-0: now 2",), tone="pending"),
    )  # fmt: skip
    asides = (
        Aside("broker-1", "controller-1", 7_700_000, 7_700_400, "BrokerHeartbeatRequest", last_words=True),
        Aside("controller-1", "broker-2", 15_500_000, 15_500_300, "BrokerHeartbeatResponse"),
    )
    downs = (Down("broker-1", 8 * SECOND, None, "crash · broker-1"),)
    return CausesView(
        4_231, ("operator", "broker-1", "controller-1", "broker-2"), steps, asides, downs, complete=True
    )  # fmt: skip


def way_without_beginning() -> CausesView:
    """Two messages, and more before them."""
    steps = (
        Step(10, SECOND, "shop", "message", "broker-1", "ProduceResponse", SECOND - 400),
        Step(12, SECOND + 900, "broker-1", "message", "shop", "ProduceRequest", SECOND),
    )
    return CausesView(12, ("broker-1", "shop"), steps, (), (), complete=False)


def unknown_way() -> CausesView:
    """Of that event nothing is known."""
    return CausesView(99, (), (), (), (), complete=False)
