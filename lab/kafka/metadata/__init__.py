"""What a cluster knows of itself: records of the metadata log, and the image they add up to.

The controller decides by writing records; controller and brokers alike learn by replaying them.
"""
