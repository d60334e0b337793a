"""The active controller: decides by writing metadata records.

`ControllerNode` is the process; `Controller` is what it knows, an image that only changes by replaying what was
written; `brokers`, `topics`, `isr` and others decide over it (request -> records and response); `MetadataLog` is where
a record is committed. `QuorumNode` is the process of one among several: there a quorum (`lab/kafka/raft`) takes the
place of `MetadataLog`, and who leads it is active.
"""
