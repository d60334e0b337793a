"""A partition's data on a disk: segments, indexes, epochs, producer state, retention, compaction.

`UnifiedLog` is one replica's records, and what the broker mostly talks to; `Cleaning` and `Compaction` are its
cleaner's. Everything that grows with history is in the files of the simulated disk; memory holds a few numbers and the
last few batches.
"""
