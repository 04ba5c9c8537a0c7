"""Refuses a connection by the address it is really going to."""

import errno
import socket
from collections.abc import Callable, Sequence

from aiohappyeyeballs import AddrInfoType

from services.notifier.core.addresses import Network, may_be_reached


class AddressRefusedError(OSError):
    """The address is private, and the receiver's `allow_networks` does not name it."""


def guarded_sockets(allowed: Sequence[Network]) -> Callable[[AddrInfoType], socket.socket]:
    """A socket factory for aiohttp's connector.

    It sees the final address: of a literal, of a name, and of a name that gave another answer when it was checked.
    """

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, target = info
        address = str(target[0])
        if not may_be_reached(address, allowed):
            said = f"{address} is a private address and in none of the receiver's allow_networks"
            raise AddressRefusedError(errno.EACCES, said)
        return socket.socket(family, kind, protocol)

    return make
