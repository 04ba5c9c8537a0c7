"""Changes from a file: the data of one as JSON, or of several, one a line."""

from pathlib import Path

import msgspec

from services.notifier.consuming.reading import read
from shared.kafka.reading import UnreadableError
from shared.warnings import WarningChange


class UnreadableFileError(Exception):
    """The file holds no changes. The sentence says where."""


def changes_in(path: Path) -> list[WarningChange]:
    """The changes, in their order. Raises UnreadableFileError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from None
    lines = [(1, content)] if _is_one(content) else list(enumerate(content.splitlines(), start=1))
    changes = [_change(path, number, line) for number, line in lines if line.strip()]
    if not changes:
        raise UnreadableFileError(f"{path}: expected a warning change as JSON, or one on each line; it is empty")
    return changes


def _is_one(content: bytes) -> bool:
    try:
        msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _change(path: Path, number: int, line: bytes) -> WarningChange:
    try:
        return read(line, ()).change
    except UnreadableError as error:
        raise UnreadableFileError(f"{path}, line {number}: {error}") from None
