"""One file an API: its request and its response, with the protocol's own field names.

The listing is the table of contents. A message is never changed after it was sent, because sender
and receiver share the object. Fields that only matter on a wire (throttle time, tags) are left out
until there is one.
"""
