"""The consumer: positions and fetches, membership in a group, and the application's poll loop."""
