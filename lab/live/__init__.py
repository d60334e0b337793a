"""Live: real clients at the door of a simulated cluster.

A thread moves bytes between sockets and queues and knows nothing but frames (`gateway`). The owner of the session
brings what arrived into the world, as actions of its journal, and hands back what the world answered (`doorman`);
`server` is that owner without a window. So a session with real clients is replayed from its journal like any other.
"""
