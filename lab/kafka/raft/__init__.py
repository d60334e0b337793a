"""Raft as Kafka has it (KIP-595, spec 3.3): voters elect a leader, and all copy its log.

Free of what the records mean: whoever stands above proposes bytes, takes committed batches, and writes snapshots.
Begin reading at `RaftReplica`. `QuorumState` is what one voter is; `voting`, `leading` and `following` are what it
does; `RaftLog` is what it keeps. Observers are not voters and do not appear here.
"""
