"""Which addresses a message may go to: the open internet, and what a receiver's `allow_networks` names.

`ipaddress.is_global` is not asked: its tables, and what it says of an address within another, differ from one Python
to the next. These are IANA's registries of special-purpose addresses, with what was added in 2024 (3fff::/20), less the
few anycast services in them that no receiver of messages is.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST = ip_network("2000::/3")
"""All of IPv6 that is given out; whatever lies outside is local, multicast, a translation, or nobody's."""
_NAT64 = ip_network("64:ff9b::/96")
_NEVER = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers, and Alibaba Cloud's metadata service (100.100.100.200)
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own service to its machines, under a public address
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds (169.254.169.254)
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocols, and Oracle Cloud's metadata service (192.0.0.192)
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # protocols: Teredo, benchmarks, hashes
        "2001:db8::/32",
        "3fff::/20",
    )
)


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
    given_out = isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST
    return given_out and not any(address in network for network in _NEVER)
