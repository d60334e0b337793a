"""The groups of measurements: one file a group, registered under its name by `@group`.

A group is a generator that says what it does and yields its figures as they are known.
"""
