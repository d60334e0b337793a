"""The active controller: decides by writing metadata records.

`ControllerNode` is the process; `Controller` decides (request -> records and response) and changes its image only
by replaying what was written; `MetadataLog` is where a record is committed. One controller is a
quorum of one; a KRaft quorum takes the place of `MetadataLog`.
"""
