"""A record of topic `warnings` as a change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
from pydantic import ValidationError

from shared.kafka.cloudevents import header
from shared.kafka.reading import UnreadableError
from shared.warnings import Kind, WarningChange

ACCEPTED_AT = "bellwether_accepted_at"
"""Milliseconds since 1970 at which ingest had accepted the event that led to the change."""
_TYPE = "ce_type"
_TYPES = frozenset(f"warning.{kind}" for kind in Kind)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 253_402_300_799_000  # the end of year 9999


@dataclass(frozen=True, slots=True)
class Incoming:
    """A change off the topic."""

    change: WarningChange
    data: bytes
    accepted_at: datetime | None


def read(value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> Incoming:
    """The change a record carries. Raises UnreadableError."""
    given = [(name, content) for name, content in headers if content is not None]
    _check_type(header(given, _TYPE))
    if value is None:
        raise UnreadableError("malformed", "expected a value, the record has none")
    try:
        msgspec.json.decode(value)  # stricter than pydantic's reader, which lets NaN through
        change = WarningChange.model_validate_json(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError("malformed", f"expected JSON: {error}") from None
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False)[:3]
        )
        raise UnreadableError("malformed", f"expected a warning change: {found}") from None
    _check(change)
    return Incoming(change, value, _moment(header(given, ACCEPTED_AT)))


def _check_type(given: bytes | None) -> None:
    """A kind that a newer warning service publishes is kept for a newer notifier, not guessed at."""
    written = (given or b"").decode(errors="backslashreplace")
    if given is not None and written not in _TYPES:
        raise UnreadableError(
            "unknown_kind", f"expected {_TYPE} to be one of {', '.join(sorted(_TYPES))}; got {written!r}"
        )


def _check(change: WarningChange) -> None:
    if change.level is None and change.previous_level is None:
        raise UnreadableError("malformed", "expected a level before or after the change, got neither")
    if "\x00" in change.borrower_id:
        raise UnreadableError("malformed", "expected a borrower_id without NUL characters")


def _moment(given: bytes | None) -> datetime | None:
    """When, as the header says; None where it is missing or makes no sense: it only feeds a histogram."""
    if given is None or not given.isdigit() or len(given) > len(str(_LATEST_MS)) or int(given) > _LATEST_MS:
        return None
    return _EPOCH + timedelta(milliseconds=int(given))
