"""A world with an owner: it is run, acted on, gone back in, watched at fixed instants, stopped where something means
something, and kept in a file.

`Session` is what lessons, the window and real clients hold. The modules beside it are its parts, one noun each.
"""
