"""Request bodies: told apart by content type, and cut into single events."""

from email.message import Message
from functools import lru_cache
from typing import Final

import msgspec
from fastapi import Request

from shared.problems import Problem, ProblemError

EVENT: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
NDJSON: Final = "application/x-ndjson"
JSON: Final = "application/json"

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
