"""Requests and responses over messages: correlation ids, what is in flight, time-outs, order."""
