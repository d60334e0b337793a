"""Group coordinators: replicated state machines over `__consumer_offsets`.

`GroupShard` decides; what it decides is appended to its partition; only what is committed is answered. A new
coordinator replays the partition and is where the old one was.
"""
