"""The inspector: one thing in detail. `inspect` has the question; each kind of thing is a module with one answer.

An answer ends in *Why?*, with the key moments that made the thing so. Sections that are about a subject of their own
(the files of a log, the quorum, share groups, requests of programs) lie beside this package, with their subjects.
"""
