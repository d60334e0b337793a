"""The producer, as the Java client's is built: records wait in batches (`batch`) of an `accumulator`, where
a `partitioner` puts them, a sender drains them and tries again (`producer`), and an app around it makes the records
(`app`).
"""
