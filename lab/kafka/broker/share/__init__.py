"""Share groups on a broker (KIP-932, spec 4.7): as leader of share-partitions, as coordinator of share groups, and as
share coordinator, which keeps what leaders must not forget in `__share_group_state`.

A broker of a cluster without share groups has none of this: `Sharing` is made by the first request that needs it.
"""
