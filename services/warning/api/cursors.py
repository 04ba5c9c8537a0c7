"""Cursors: where a page ended, as text nobody needs to read."""

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from services.warning.store.queries import Place
from shared.problems import Problem, ProblemError


def written(place: Place) -> str:
    """The place as a cursor."""
    return base64.urlsafe_b64encode(f"{place.raised_at.isoformat()} {place.warning_id}".encode()).decode()


def place(cursor: str) -> Place:
    """The place behind a cursor. Raises ProblemError (400) for one that was never given out."""
    try:
        raised_at, warning_id = base64.urlsafe_b64decode(cursor.encode()).decode("ascii").split(" ")
        return Place(datetime.fromisoformat(raised_at).astimezone(UTC), UUID(warning_id))
    except (ValueError, OverflowError, binascii.Error):
        detail = "expected the `next` of an earlier page, or no cursor for the first page"
        raise ProblemError(Problem(title="Unknown cursor", status=400, detail=detail)) from None
