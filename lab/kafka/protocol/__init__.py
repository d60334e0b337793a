"""Kafka's words on the wire: record batches, error codes, and one file of messages an API.

Messages are plain dataclasses with the protocol's own field names. Between simulated nodes they
travel as objects; a real connection will send the same objects as bytes.
"""
