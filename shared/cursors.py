"""Cursors: where a page ended, as text nobody needs to read. Each place is written in one way only."""

import base64
from collections.abc import Callable
from typing import TypeVar

from shared.problems import Problem, ProblemError

Place = TypeVar("Place")


def written(text: str) -> str:
    """A place, written by its own service, as a cursor."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def read(cursor: str, parse: Callable[[str], Place], write: Callable[[Place], str]) -> Place:
    """The place behind a cursor: what `parse` makes of its text and `write` writes as the same text.

    Raises ProblemError (400) for one that was never given out. `parse` raises ValueError or OverflowError.
    """
    try:
        place = parse(base64.urlsafe_b64decode(cursor.encode()).decode("ascii"))
        if written(write(place)) == cursor:
            return place
    except (ValueError, OverflowError):
        pass  # told below, like any other text that is no cursor
    detail = "expected the `next` of an earlier page, or no cursor for the first page"
    raise ProblemError(Problem(title="Unknown cursor", status=400, detail=detail))
