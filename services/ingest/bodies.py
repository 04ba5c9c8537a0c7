"""Request bodies: told apart by content type, and cut into single events."""

from typing import Final

import msgspec
from fastapi import Request

from services.ingest.binary_mode import is_binary
from shared.events.json_format import BYTE_ORDER_MARK
from shared.media_types import declares_json, media_type
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
    given = _given_type(request)
    if media_type(given).name not in known:
        raise _unsupported(" or ".join(known), given)
    return media_type(given).name


def single_type(request: Request) -> str | None:
    """None where the body is one event in structured mode; in binary mode the Content-Type, "" where there is none.

    CloudEvents' binding to HTTP tells the modes apart by it (3). Raises ProblemError (415) where it is neither, or not
    in UTF-8, or compressed.
    """
    given = _given_type(request)
    if media_type(given).name == EVENT:
        return None
    if not is_binary(request.headers.raw):
        raise _unsupported(f"{EVENT}, or ce- headers (binary mode)", given)
    if given and not declares_json(given):
        raise _unsupported(f"{EVENT}, or in binary mode */json or */*+json", given)
    return given


def _given_type(request: Request) -> str:
    """The Content-Type as it was given. Raises ProblemError (415) for one that nobody here reads, whatever it is."""
    given = request.headers.getlist("content-type") or [""]
    if len(given) > 1:
        raise problem(415, "Unsupported media type", f"expected one Content-Type, got {len(given)}")
    if (coding := request.headers.get("content-encoding", "identity").lower()) != "identity":
        raise problem(415, "Unsupported media type", f"expected no Content-Encoding, got {coding[:80]!r}")
    if not media_type(given[0][:200]).is_utf_8:
        raise _unsupported("one in UTF-8", given[0])
    return given[0][:200]


def _unsupported(expected: str, given: str) -> ProblemError:
    return problem(415, "Unsupported media type", f"expected Content-Type {expected}, got {given[:80]!r}")


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
    if body.startswith(BYTE_ORDER_MARK):
        raise problem(400, "Broken batch", "expected JSON without a byte-order mark before it (RFC 8259, 8.1)")
    try:
        return [bytes(each) for each in _split_array(body)]
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        detail = f"expected a JSON array of events: {error}" if body else "expected a JSON array, got an empty body"
        raise problem(400, "Broken batch", detail) from None


def line_numbers(body: bytes) -> list[int]:
    """Of each event of an NDJSON body, the line it is on, from 1."""
    return [number for number, line in enumerate(body.split(b"\n"), 1) if line and not line.isspace()]
