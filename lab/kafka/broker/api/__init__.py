"""A file for an API, or for a few that belong together: what the broker answers, what it leaves out, and why.

Each function has the same shape, `(broker, request, context) -> response`, or what `Later` has: it comes later,
there is none, or the connection ends. The listing is the table of what the broker speaks.
"""

from lab.kafka.broker.api import (
    acls,
    admin,
    api_versions,
    by_topic_id,
    cluster,
    consumer_groups,
    describe_topic_partitions,
    fetch,
    find_coordinator,
    group_admin,
    groups,
    init_producer_id,
    list_offsets,
    metadata,
    offset_for_leader_epoch,
    offsets,
    produce,
    sasl,
    share,
    transaction_admin,
    transactions,
)

LOADED = (acls, admin, api_versions, by_topic_id, cluster, consumer_groups, describe_topic_partitions, fetch,
          find_coordinator, group_admin, groups, init_producer_id, list_offsets, metadata,
          offset_for_leader_epoch, offsets, produce, sasl, share, transaction_admin, transactions)  # fmt: skip
