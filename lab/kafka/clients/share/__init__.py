"""Share consumers (KIP-932): an application that takes records from a queue that others take from as well, and says of
each what became of it.
"""
