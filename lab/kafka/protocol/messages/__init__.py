"""A file for an API, or for a few that belong together: requests and responses, with the protocol's own field names.

The listing is the table of contents. A message is never changed after it was sent, because sender and receiver share
the object. Fields that only matter on a wire (throttle time, tags) stand in the schemas below, and in no message.
"""
