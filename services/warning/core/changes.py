"""A warning change as the engine makes it: the JSON that `shared.warnings.WarningChange` describes."""

from datetime import date, datetime, timedelta
from hashlib import sha1
from typing import Any
from uuid import UUID

import msgspec

from services.warning.core.calendar import EPOCH

ENGINE_VERSION = "2"
"""Rises with every change that may decide anything differently."""

_NAMESPACE = UUID("6f1d2c5e-7a0b-5f64-9a51-3f0f6a1a7b10").bytes


class Change(msgspec.Struct, gc=False):
    """One change in the life of a warning."""

    change_id: str
    warning_id: str
    kind: str
    reason: str | None
    borrower_id: str
    per: str
    loan_id: str | None
    rule: str
    family: str
    level: str | None
    previous_level: str | None
    at: str
    raised_at: str
    measure: dict[str, Any]
    band: dict[str, Any] | None
    evidence: dict[str, Any]
    clears_when: dict[str, str] | None
    ruleset: dict[str, str]
    text: dict[str, str]
    about: dict[str, str | None]
    time_zone: str
    engine: str
    number: int = 0
    """Its place among the changes of its warning, from 0; not published."""
    at_micros: int = 0
    """`at` as a number, for those who sort; not published."""
    raised_at_micros: int = 0
    """`raised_at` as a number; not published."""


def named_id(*parts: object) -> str:
    """A UUIDv5 of the parts: equal parts, equal id, on every machine (RFC 9562, 5.5)."""
    digest = bytearray(sha1(_NAMESPACE + "\x1f".join(map(str, parts)).encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def utc(moment: int) -> str:
    """A moment as RFC 3339 in UTC."""
    return (EPOCH + timedelta(microseconds=moment)).isoformat().replace("+00:00", "Z")


def as_datetime(moment: int) -> datetime:
    """A moment as an aware datetime."""
    return EPOCH + timedelta(microseconds=moment)


def iso_day(day: int) -> str:
    """A day as YYYY-MM-DD."""
    return date.fromordinal(day).isoformat()


_UNPUBLISHED = b',"number":'
"""The first of the fields that are not published; they come last, so that nothing of a borrower's follows."""
_encode = msgspec.json.Encoder().encode


def to_json(change: Change) -> bytes:
    """The change as published: `data` of its CloudEvent, a line of `changes.ndjson`."""
    whole = _encode(change)
    return whole[: whole.rindex(_UNPUBLISHED)] + b"}"
