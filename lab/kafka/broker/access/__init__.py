"""Access: before a broker with an authorizer does what it is asked for, it looks whether the asker may.

A request is narrowed to what is allowed and handled as any other; what was refused is put into the answer. So no
handler of `api/` knows of this, and a broker without an authorizer passes it by. One file a theme: the table of which
operation on which resource an API needs is Kafka's.
"""

from lab.kafka.broker.access import admin, cluster, data, groups, share, share_offsets, topics, transactions
from lab.kafka.broker.access.asker import CHECKS, OPEN, Access

LOADED = (admin, cluster, data, groups, share, share_offsets, topics, transactions)

__all__ = ("CHECKS", "LOADED", "OPEN", "Access")
