"""Streaming Lab: a data streaming cluster to run, break, rewind and understand.

The packages, in reading order:

    env         what a node may ask of the world: interfaces only
    world       the deterministic simulation: hosts, network, disks, virtual time, the way back
    kafka       Kafka itself, as state machines that do no I/O
    cluster     one lab: build it, act on it, look at it, judge it
    disks       real files in Kafka's layout: to serve from, to export to, to read
    live        real clients at the door
    lessons     scenarios a person can play
    ui          the desktop window
    bench       how fast it all is, here
    command     the command line; `bootstrap` and `preflight` see to it that it can start

Each package knows only those above it in this list, except that `world` and `kafka` do not know each
other.
"""

__version__ = "0.1.0"
