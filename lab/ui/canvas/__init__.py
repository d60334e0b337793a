"""The pictures of the engine: matrix, lens, timeline, files, causes and two futures, each a widget that paints views.

Positions are a function of the view and of virtual time, never of a stored animation; so pausing, stepping
and rewinding need no code here, and a picture is the same every time.
"""
