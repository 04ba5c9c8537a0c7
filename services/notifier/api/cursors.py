"""Where a page ended: the number of its last row."""

from shared import cursors

_LARGEST = 2**63 - 1


def written(position: int) -> str:
    """The position as a cursor."""
    return cursors.written(str(position))


def position(cursor: str) -> int:
    """The position behind a cursor. Raises ProblemError (400) for one that was never given out."""
    return cursors.read(cursor, _parsed, str)


def _parsed(text: str) -> int:
    found = int(text)
    if not 0 <= found <= _LARGEST:
        raise ValueError("expected a row's number")
    return found
