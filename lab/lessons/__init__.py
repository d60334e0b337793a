"""Scenarios a person can play: read from Markdown, run on a session, scored by the engine.

A lesson uses only actions, probes and checks, the same doors the window uses. It runs in the window,
in the terminal and in the tests alike.
"""

from lab.lessons.catalogue import catalogue

__all__ = ["catalogue"]
