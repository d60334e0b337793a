"""Kafka's words on the wire: record batches, error codes, and messages, a file for an API or a few.

Messages are plain dataclasses with the protocol's own field names. Between simulated nodes they travel as objects; what
a real client sends and is sent are the same objects as bytes, by their schemas.
"""
