"""Tables as spreadsheets save them: CSV in UTF-8, with or without a byte-order mark, whatever separates and ends."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

SEPARATORS = (",", ";", "\t", "|")
_BYTE_ORDER_MARK = "\ufeff"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_DECLARED = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
"""What some spreadsheets write before the header, for their own kind."""
_NOT_CSV = {
    b"PK\x03\x04": "a workbook; save it as CSV in UTF-8",
    b"\x1f\x8b": "a compressed file; its name has to end in .gz",
    b"\xff\xfe": "UTF-16; save it as CSV in UTF-8",
    b"\xfe\xff": "UTF-16; save it as CSV in UTF-8",
}


class TableError(Exception):
    """The bytes are no table. Says the line, and what was expected there."""


class Row(NamedTuple):
    """One record by column, and the line it begins on, from 1. A cell that is not there is empty."""

    line: int
    cells: dict[str, str]


def rows(content: Iterable[bytes]) -> Iterator[Row]:
    """The records under the header, without empty ones. `content` is a file's lines. Raises TableError."""
    lines = _Lines(content)
    separator = _separator(lines)
    records = _records(lines, separator)
    _, header = next(records, (1, []))
    columns = _columns(header)
    for line, cells in records:
        if len(cells) > len(header) or any(cells[len(columns) :]):
            expected = f"expected {len(columns)} columns as in the header, got {len(cells)}"
            raise TableError(f"line {line}: {expected}; a value with a {separator!r} in it stands in quotes")
        if any(cells):
            yield Row(line, dict(zip_longest(columns, cells[: len(columns)], fillvalue="")))


class _Lines:
    """Lines of text, with the number of the one given last. They end as they will: LF, CR LF, or CR alone."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self.number = 0
        self._text = self._decoded(content)
        self._ahead: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._ahead.pop() if self._ahead else next(self._text)
        self.number += 1
        return line

    def push_back(self, line: str) -> None:
        """Give this line again."""
        self._ahead.append(line)
        self.number -= 1

    def _decoded(self, content: Iterable[bytes]) -> Iterator[str]:
        for number, each in enumerate(content):
            text = self._text_of(each)
            yield from _LINE.findall(text.removeprefix(_BYTE_ORDER_MARK) if number == 0 else text)

    def _text_of(self, line: bytes) -> str:
        if self.number == 0:
            for beginning, name in _NOT_CSV.items():
                if line.startswith(beginning):
                    raise TableError(f"line 1: expected CSV in UTF-8, got {name}")
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            before = _LINE.findall(line[: error.start].decode() + "?")
            place = f"line {self.number + len(before)}, character {len(before[-1])}"
            raise TableError(f"{place}: expected UTF-8, got the byte {line[error.start]:#04x}") from None


def _separator(lines: _Lines) -> str:
    """What separates the columns: what the first line declares, else what its header has most of."""
    first = next(lines, "")
    if declared := _DECLARED.fullmatch(first):
        return declared[1]
    lines.push_back(first)
    return max(SEPARATORS, key=lambda each: _width(first, each))


def _width(header: str, separator: str) -> int:
    """How many columns it has. What is no header at all fails where it is read in earnest."""
    try:
        return len(next(csv.reader([header], delimiter=separator), []))
    except csv.Error:
        return 0


def _records(lines: _Lines, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Records and the lines they begin on: one may go over several. Strict: an open quote must not swallow the rest."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = lines.number + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableError(f"line {line}: expected CSV: {error}") from None
        yield line, record


def _columns(header: Sequence[str]) -> list[str]:
    """The names of the columns, without the empty ones that spreadsheets leave at the end."""
    columns = [each.strip() for each in header]
    while columns and not columns[-1]:
        columns.pop()
    for place, name in enumerate(columns):
        if name in columns[:place]:
            raise TableError(f"line 1: expected each column once, {name!r} stands twice")
    return columns
