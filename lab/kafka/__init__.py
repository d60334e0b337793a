"""Kafka itself, as state machines that do no I/O.

Logs, replication, the controllers, the coordinators and the clients. A node (`Broker`, `ControllerNode`, the client
apps) is given an `Env` for one turn and lends it to its parts for as long; nobody keeps it. Logs, images and
coordinators' shards take values in and hand values out. Read in this order: protocol, config, log, metadata, rpc,
broker, controller, raft, coordinator, clients; `facts` is what all of them state about themselves, `orders` what they
are told by hand.
"""
