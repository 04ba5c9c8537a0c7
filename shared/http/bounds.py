"""What one server lends its callers: connections, heads, and patience."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.http.refused import Reason


def _not_counted(_: Reason) -> None:
    """Nobody asked."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one server lends its callers. `refused` hears of what is over them."""

    connections: int = 500
    """Held at once. Over them those that have been idle longest end, and only probes are answered: see RESERVE."""
    grace_seconds: float = 1.0
    """For a connection over the bound to send its request, before it ends for another."""
    head_bytes: int = 65_536
    head_fields: int = 100
    head_seconds: float = 10.0
    """From the connection, or the first byte of a further request, to the end of the head."""
    write_seconds: float = 30.0
    """For a caller to read some of an answer that waits."""
    linger_bytes: int = 33_554_432
    """Read and dropped of a body after its answer: many look for an answer only once they have sent everything."""
    linger_seconds: float = 10.0
    refused: Callable[[Reason], None] = _not_counted


RESERVE = 50
"""Connections beyond the bound, all of those below it being under way: for probes, which tell whether all is well."""
