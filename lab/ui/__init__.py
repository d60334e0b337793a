"""The desktop window.

It sees the cluster only through probes and changes it only through actions, so nothing here can make the
engine do what a person could not. `app` starts it, `main_window` holds it together, `actions` is the table
of everything it can be told, `panels/` are the pieces one sees, `canvas/` and `charts/` paint what moves,
`dialogs/` ask, `theme` and `style` say what it all looks like.
"""
