"""The pieces of the lab page, one noun a file.

A panel is given a frozen view and shows it; it emits what the person asks for and never acts itself.
"""
