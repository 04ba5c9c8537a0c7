"""Which addresses may be reached: the table of the reference, and the networks a receiver names."""

from ipaddress import ip_network

import pytest

from services.notifier.core.addresses import may_be_reached

# fmt: off
PRIVATE = [
    "10.254.0.0", "192.168.10.65", "172.16.10.65", "0.1.2.3", "0.0.0.0", "127.0.0.1", "127.254.254.254",
    "169.254.169.254", "255.255.255.255", "224.1.2.3", "233.252.0.16", "192.0.0.1", "192.0.2.255", "198.51.100.65",
    "203.0.113.6", "100.100.0.0", "192.88.99.3", "198.18.0.0", "240.240.240.240", "::0", "::1", "::ffff:127.0.0.1",
    "::ffff:0.0.0.1", "2001:db8::1", "3fff::dead:beef", "fe80::1", "febf:ffff::1", "fc00::1", "fd00:ec2::254",
    "ff02::1", "100::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "fec0::1", "::127.0.0.1",
    "5f00::1", "fe80::1%eth0",
]
METADATA = [
    "169.254.169.254", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254",
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254",
    "64:ff9b:1::a9fe:a9fe", "2001::a9fe:a9fe", "::ffff:0:169.254.169.254", "::ffff:168.63.129.16", "fe80::a9fe:a9fe",
]
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
    "168.63.129.17", "172.32.0.1", "192.0.1.1", "223.255.255.255", "2001:200::1", "2606:4700::1111", "2a00::1",
]
# fmt: on


@pytest.mark.parametrize("address", METADATA)
def test_no_clouds_metadata_service_is_reached_however_its_address_is_written(address: str) -> None:
    assert not may_be_reached(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused(address: str) -> None:
    assert not may_be_reached(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert may_be_reached(address)


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203"])
def test_a_network_named_is_allowed_however_its_address_is_wrapped(address: str) -> None:
    assert may_be_reached(address, [ip_network("10.1.0.0/16")])
    assert not may_be_reached(address, [ip_network("10.2.0.0/16"), ip_network("fc00::/7")])


def test_a_name_is_no_address() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        may_be_reached("localhost")
