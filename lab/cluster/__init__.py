"""One lab set-up: build it, act on it, look at it, judge it.

A `ClusterSpec` is built into a world; a `session` owns that world. Probes are the frozen questions the window and the
lessons ask, actions the frozen deeds they post, words what a scenario may say of a cluster. The `ledger` and the
`invariants` know the truth, `moments` what of it is worth stopping for, and `fuzzing` looks for lies. The window sees
Kafka only through this package.
"""
