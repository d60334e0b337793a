"""The search for lies: seeds, each a cluster under drawn faults with every invariant watched.

A seed draws a swarm of options (`swarm` and the modules beside it, each with dice of its own, so that a new one leaves
the runs of all seeds as they were), breaks things, heals them, and then asks what a healed cluster owes (`rest`). What
fails is made smaller (`shrink`) until it is a scenario that a person can open.
"""
