"""Cursors: where a page ended, as text nobody needs to read."""

import base64
import binascii

from shared.problems import Problem, ProblemError

_LARGEST = 2**63 - 1


def written(position: int) -> str:
    """The position as a cursor."""
    return base64.urlsafe_b64encode(str(position).encode()).decode()


def position(cursor: str) -> int:
    """The position behind a cursor. Raises ProblemError (400) for one that was never given out."""
    try:
        found = base64.urlsafe_b64decode(cursor.encode()).decode("ascii")
        if found.isdigit() and int(found[:20]) <= _LARGEST:
            return int(found)
    except (ValueError, binascii.Error):
        pass  # told below, like any other text that is no cursor
    detail = "expected the `next` of an earlier page, or no cursor for the first page"
    raise ProblemError(Problem(title="Unknown cursor", status=400, detail=detail))
