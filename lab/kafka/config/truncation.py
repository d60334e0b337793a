"""Truncation rules: how a replica that becomes a follower cuts its log, and how it learns who leads, through the
releases of Kafka (spec 2.3).
"""

from lab.kafka.config.definition import Setting

HIGH_WATERMARK, LAST_EPOCH, COMMON_EPOCH, FENCED_EPOCH = "high-watermark", "last-epoch", "common-epoch", "fenced-epoch"
RULES = (HIGH_WATERMARK, LAST_EPOCH, COMMON_EPOCH, FENCED_EPOCH)
ENDED_BY = {HIGH_WATERMARK: "KIP-101", LAST_EPOCH: "KIP-279", COMMON_EPOCH: "KIP-320"}
"""The proposal that put an end to each of the older rules."""

# No setting of its own in Apache Kafka, where inter.broker.protocol.version decided it with much else.
TRUNCATION_RULE = Setting(
    "replica.truncation.rule",
    FENCED_EPOCH,
    "where a new follower cuts its log: at its own high watermark; where the leader says its last epoch ended, asked "
    "once; at the largest epoch both have (KIP-279); or that, and each fetch names the leader epoch (KIP-320)",
    choices=RULES,
    history=(("0.11", HIGH_WATERMARK), ("2.0", LAST_EPOCH), ("2.1", COMMON_EPOCH)),
)
