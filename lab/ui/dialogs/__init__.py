"""Windows that ask or tell something and go away again.

Each is built when it is needed and takes plain values, so it can be tested without the main window.
"""
