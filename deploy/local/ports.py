"""Free loopback ports."""

import random
import socket

# Below Linux's range for outgoing connections (32768 up), so that none of those takes the port before the child does.
LOWEST, HIGHEST = 20_000, 32_000
_chance = random.SystemRandom()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on. Raises RuntimeError where none of 200 tries is free."""
    for _ in range(200):
        port = _chance.randint(LOWEST, HIGHEST)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"expected a free TCP port between {LOWEST} and {HIGHEST} on 127.0.0.1, found none in 200 tries")
