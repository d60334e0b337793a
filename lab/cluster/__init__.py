"""One lab set-up: build it, act on it, look at it, judge it.

A `ClusterSpec` becomes a world; a `Session` owns that world; probes are the frozen questions the
window and the lessons ask, actions the frozen deeds they post; the ledger and the invariants know the
truth. The window sees Kafka only through this package.
"""
