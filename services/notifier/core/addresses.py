"""Which addresses a message may go to: the open internet, and what a receiver's `allow_networks` names."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What `is_global` lets through and nobody outside answers on: translations of IPv4, obsolete and documentation ranges,
# shared carrier space, Teredo, and a cloud's metadata service.
_NEVER = tuple(
    ip_network(each)
    for each in (
        "64:ff9b:1::/48",
        "::/96",
        "fec0::/10",
        "192.88.99.0/24",
        "5f00::/16",
        "2001::/32",
        "100.64.0.0/10",
        "fd00:ec2::254/128",
        "3fff::/20",
    )
)
_NAT64 = ip_network("64:ff9b::/96")


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one only wraps (mapped, 6to4, NAT64): it is the one that is reached."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address


def may_be_reached(written: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether a connection to this address may be opened. Raises ValueError for what is no address."""
    address = embedded(ip_address(written.partition("%")[0]))
    if any(address in network for network in allowed):
        return True
    return address.is_global and not address.is_multicast and not any(address in network for network in _NEVER)
