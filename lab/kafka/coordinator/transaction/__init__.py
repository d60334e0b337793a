"""Transaction coordinators: replicated state machines over `__transaction_state`.

`TransactionShard` decides what becomes of a transactional id's transaction; each decision is a record of the topic,
pending until it is replicated. Then markers are written into the partitions, and a last record says that all is done.
"""
