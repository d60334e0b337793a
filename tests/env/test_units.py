"""Units are whole numbers, and an address names a host and a connection."""

from lab.env import address, millis, node_of, seconds


def test_durations_are_whole_microseconds():
    assert (seconds(3), millis(250)) == (3_000_000, 250_000)
    assert all(type(one) is int for one in (seconds(3), millis(250)))


def test_an_address_leads_to_its_host():
    assert address("broker-2") == "broker-2"
    assert address("broker-2", "coordinator") == "broker-2#coordinator"
    assert node_of("broker-2#coordinator") == node_of("broker-2") == "broker-2"
