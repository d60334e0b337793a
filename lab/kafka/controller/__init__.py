"""The active controller: decides by writing metadata records.

`ControllerNode` is the process; `Controller` decides (request -> records and response) and changes its image only
by replaying what was written; `MetadataLog` is where a record is committed. `QuorumNode` is the process of one among
several: there a quorum (`lab/kafka/raft`) takes the place of `MetadataLog`, and who leads it is active.
"""
