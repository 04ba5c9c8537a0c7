"""A request's body, read within a bound of bytes and of time."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import Receive

from shared.http.refused import Reason
from shared.problems import Problem, ProblemError

DEFAULT_LIMIT = 65_536
"""Bytes, of a route that names no limit: the longest note and the widest silence take a tenth of it."""


class BodyRefusedError(ProblemError):
    """The body was not taken, and nothing of it is kept."""

    def __init__(self, reason: Reason, status: int, title: str, detail: str) -> None:
        super().__init__(Problem(title=title, status=status, detail=detail))
        self.reason = reason


async def read_body(receive: Receive, headers: Headers, *, limit: int, within: float) -> bytes:
    """The whole body. Raises BodyRefusedError: 413 over `limit` bytes, 408 after `within` seconds, 400 where it ends.

    What is announced too large is refused unread. Whoever sends on is listened to for a while all the same
    (`Bounds.linger_bytes`): many look for an answer only once they have sent everything.
    """
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:19]) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(within):
            return await _whole(receive, limit)
    except TimeoutError:
        detail = f"expected the whole body within {within:g} s"
        raise BodyRefusedError("body_too_slow", 408, "Request timeout", detail) from None


async def _whole(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            detail = "the connection ended before the body did"
            raise BodyRefusedError("body_cut_off", 400, "Broken request", detail)
        part: bytes = message.get("body", b"")
        left -= len(part)
        if left < 0:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limit: int) -> BodyRefusedError:
    return BodyRefusedError("body_too_large", 413, "Content too large", f"expected a body of at most {limit} bytes")
