"""The read-process-write loop: a consumer and a producer in one process, with or without transactions.

With a `transactional.id` what it writes and how far it has read are committed together, or not at all.
"""
