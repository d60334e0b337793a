"""Kafka itself, as state machines that do no I/O.

Logs, replication, the controller, group coordinators and the clients. Every part takes values in and
hands values out; only the node shells (`Broker`, `ControllerNode`, the client apps) see an `Env`, and
only for one turn. Read in this order: protocol, config, log, metadata, rpc, broker, controller, raft,
coordinator, clients.
"""
