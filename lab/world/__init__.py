"""The deterministic simulation: hosts, links, disks, clocks, chance, and time that runs both ways.

It knows nothing of Kafka. A world is everything that exists at one instant of virtual time; a timeline
is its past: a seed, a journal of actions, and checkpoints that are only a cache of the two.
"""
