"""A broker: the node that keeps replicas, answers clients, and obeys the controller.

`Broker` turns events into calls; `Partition` is one replica, leading or following; `ReplicaFetcher` copies from a
leader; `Purgatory` holds requests that wait; `api/` has a file for each group of APIs. Handlers return a response, or
say that it comes later; only the shell sends.
"""
