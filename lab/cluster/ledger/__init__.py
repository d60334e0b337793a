"""What is true of records, known from outside the engine: born, stored, acknowledged, read, given up.

The ledger is fed by facts, and nobody in the engine asks it anything. Beside it stand what share groups did, and how
long producers and partitions waited.
"""
