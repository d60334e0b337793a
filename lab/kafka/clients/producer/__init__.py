"""The producer, as the Java client's is built: records wait in batches (`batch`) for a partition (`partitioner`),
a sender drains them and tries again (`producer`), and an app around it makes the records (`app`).
"""
