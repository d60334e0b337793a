"""Live: real clients at the door of a simulated cluster.

A `gateway` moves bytes between sockets and queues and knows nothing but frames: in a thread of its own beside a window,
in turns with the world where there is none. The owner of the world brings in what arrived, as actions, and hands back
what was answered (`doorman`). `server` is that owner without a window. Where the owner is a session, these actions are
in its journal, and it is replayed like any other; an `unrecorded` world keeps none.
"""
