"""Request bodies: read with a hard cap, told apart by content type, and cut into single events."""

import asyncio
from email.message import Message
from functools import lru_cache
from typing import Final

import msgspec
from fastapi import Request
from starlette.requests import ClientDisconnect

from shared.problems import Problem, ProblemError

EVENT: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
NDJSON: Final = "application/x-ndjson"
JSON: Final = "application/json"

PATIENCE_BYTES: Final = 33_554_432

_split_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def problem(status: int, title: str, detail: str, **headers: str) -> ProblemError:
    """An answer that names what was expected."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ProblemError(Problem(title=title, status=status, detail=detail), named)


def content_type(request: Request, *known: str) -> str:
    """The request's media type. Raises ProblemError (415) unless it is one of `known`, in UTF-8 and not compressed."""
    given = request.headers.get("content-type", "")
    given_type, charset = _parsed(given[:200])
    if given_type not in known or charset not in ("utf-8", "utf8", "us-ascii"):
        expected = " or ".join(known)
        raise problem(415, "Unsupported media type", f"expected Content-Type {expected} in UTF-8, got {given[:80]!r}")
    if (coding := request.headers.get("content-encoding", "identity").lower()) != "identity":
        raise problem(415, "Unsupported media type", f"expected no Content-Encoding, got {coding[:80]!r}")
    return given_type


def media_type(given: str) -> str:
    """The media type of a Content-Type header, without its parameters; "none/none" where it is empty."""
    return _parsed(given)[0]


@lru_cache(64)
def _parsed(given: str) -> tuple[str, str]:
    header = Message()
    header["content-type"] = given or "none/none"  # an empty one would be read as text/plain
    return header.get_content_type(), header.get_content_charset() or "utf-8"


async def read_body(request: Request, *, limit: int, within: float) -> bytes:
    """The whole body. Raises ProblemError: 413 where it is over `limit` bytes, 408 where it takes too long.

    What is too large is read to its end, within PATIENCE_BYTES, and thrown away: many senders look for an answer only
    once they have sent everything, and would find a closed connection instead.
    """
    announced = request.headers.get("content-length", "")
    too_large = announced.isdecimal() and int(announced[:19]) > limit
    if too_large and "expect" in request.headers:
        raise _too_large(limit)  # the sender waits to hear whether it may go on
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(within):
            async for part in request.stream():
                size += len(part)
                too_large = too_large or size > limit
                if too_large and size > PATIENCE_BYTES:
                    break
                if not too_large:
                    parts.append(part)
    except TimeoutError:
        raise problem(408, "Request timeout", f"expected the whole body within {within:g} s") from None
    except ClientDisconnect:
        raise problem(400, "Broken request", "the connection ended before the body did") from None
    if too_large:
        raise _too_large(limit)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limit: int) -> ProblemError:
    return problem(413, "Content too large", f"expected a body of at most {limit} bytes")


def split(body: bytes, given_type: str, *, limit: int) -> list[bytes]:
    """A batch's events, each as its sender wrote it; a broken NDJSON line is still one event.

    Raises ProblemError: 400 where there is no telling them apart, 413 where they are more than `limit`.
    """
    events = _lines(body) if given_type == NDJSON else _elements(body)
    if len(events) > limit:
        raise problem(413, "Content too large", f"expected a batch of at most {limit} events, got {len(events)}")
    return events


def _lines(body: bytes) -> list[bytes]:
    lines = [line for line in body.split(b"\n") if line and not line.isspace()]
    if not lines:
        raise problem(400, "Broken batch", "expected one event a line, got an empty body")
    return lines


def _elements(body: bytes) -> list[bytes]:
    try:
        return [bytes(each) for each in _split_array(body)]
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        detail = f"expected a JSON array of events: {error}" if body else "expected a JSON array, got an empty body"
        raise problem(400, "Broken batch", detail) from None


def line_numbers(body: bytes) -> list[int]:
    """Of each event of an NDJSON body, the line it is on, from 1."""
    return [number for number, line in enumerate(body.split(b"\n"), 1) if line and not line.isspace()]
