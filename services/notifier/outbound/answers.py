"""What an HTTP answer means for a delivery, where the protocol adds nothing of its own; and what its body says."""

from datetime import datetime
from typing import Any

import msgspec

from services.notifier.core.verdict import Refused, Retry
from services.notifier.outbound.post import HttpAnswer, retry_after

GONE = 410
LATER = frozenset({408, 409, 425, 429})
"""Answers of the 4xx class that say nothing against the message: too slow, in conflict, too early, too many."""


def unless_taken(given: HttpAnswer, now: datetime) -> Retry | Refused | None:
    """What a status outside of 2xx means. None for 2xx: whether that is a yes is for the channel to say."""
    status, answer = given.status, given.answer
    if 200 <= status < 300:
        return None
    if status in LATER or status >= 500:
        return Retry(f"HTTP {status}", retry_after(given.headers, now), answer)
    if status == GONE:
        return Refused("HTTP 410: the receiver is gone", answer, gone=True)
    if 300 <= status < 400:
        return Refused(f"HTTP {status}: redirects are not followed, configure the final address", answer)
    return Refused(f"HTTP {status}", answer)


def said(given: HttpAnswer) -> dict[str, Any]:
    """The JSON object that is the answer's body; an empty one where it is no JSON object."""
    try:
        read = msgspec.json.decode(given.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def unreadable(given: HttpAnswer, expected: str) -> Retry:
    """A 2xx that does not say what this receiver says to a yes: a proxy's page, say. Nobody took the message."""
    return Retry(f"HTTP {given.status} without a verdict: expected {expected}", answer=given.answer)
