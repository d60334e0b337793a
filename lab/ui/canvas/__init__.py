"""The pictures of the engine: matrix, lens and timeline, each a widget that paints plain views.

Positions are a function of the view and of virtual time, never of a stored animation; so pausing, stepping
and rewinding need no code here, and a picture is the same every time.
"""
