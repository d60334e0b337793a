"""Simulated clients that behave as the Java client 4.0 does: producer, consumer, administrator.

Each is a node of its own. Lessons are mostly about clients, so nothing is simplified that a lesson could be
about: batching, retries, sequences, the poll loop, heartbeats, assignors, commits.
"""
