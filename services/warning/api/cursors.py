"""Where a page of warnings ended."""

from datetime import UTC, datetime
from uuid import UUID

from services.warning.store.queries import Place
from shared import cursors


def written(place: Place) -> str:
    """The place as a cursor."""
    return cursors.written(_text(place))


def place(cursor: str) -> Place:
    """The place behind a cursor. Raises ProblemError (400) for one that was never given out."""
    return cursors.read(cursor, _parsed, _text)


def _text(place: Place) -> str:
    return f"{place.raised_at.astimezone(UTC).isoformat()} {place.warning_id}"


def _parsed(text: str) -> Place:
    raised_at, warning_id = text.split(" ")
    return Place(datetime.fromisoformat(raised_at).astimezone(UTC), UUID(warning_id))
