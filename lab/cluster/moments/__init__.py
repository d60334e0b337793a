"""Which of all facts are worth stopping for, and in which words they are told: of logs, groups and brokers, of the
quorum, of the cleaner, of spoilt disks.
"""
