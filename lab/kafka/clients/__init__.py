"""Simulated clients: producers, consumers, share consumers, what reads and writes in one, the administrator.

They behave as the Java client 4.0 does, or as the client whose flavour they have. Each is a node of its own; so is the
machine of a real client (`program`). Lessons are mostly about clients, so nothing is simplified that a lesson could be
about: batching, retries, sequences, the poll loop, heartbeats, assignors, commits.
"""
