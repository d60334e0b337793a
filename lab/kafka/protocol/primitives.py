"""Malformed, and the variable-length numbers inside records."""


class Malformed(Exception):
    """Bytes from outside that are not what they claim to be: what was wanted, what was found, where."""


def varint(value: int) -> bytes:
    """A signed whole number, zig-zag encoded, seven bits a byte (records; not the wire's unsigned ones)."""
    value = value << 1 if value >= 0 else (-value << 1) - 1
    if value < 0x80:
        return SHORT[value]
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


SHORT = tuple(bytes((value,)) for value in range(0x80))
SIGNED = tuple((value >> 1) ^ -(value & 1) for value in range(0x4000))


def read_varint(data: bytes, at: int, limit: int = 5) -> tuple[int, int]:
    """The number at `at`, and where the next byte is. Raises Malformed after `limit` bytes or at the end."""
    left = len(data) - at
    if left > 0 and limit > 1:  # nearly all of them have one byte or two
        byte = data[at]
        if byte < 0x80:
            return SIGNED[byte], at + 1
        if left > 1 and data[at + 1] < 0x80:
            return SIGNED[data[at + 1] << 7 | byte & 0x7F], at + 2
    shift = value = 0
    for taken in range(limit):
        if at >= len(data):
            raise Malformed(f"a varint at byte {at}: 1 more byte wanted, 0 left")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7
        if taken == limit - 1:
            break
    raise Malformed(f"a varint before byte {at}: at most {limit} bytes wanted")
