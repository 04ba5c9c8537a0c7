"""Cells as a mapping reads them: what a spreadsheet has made of a value is refused, and never guessed at.

Each raises ValueError that names the column and what was expected there.
"""

import re
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from services.ingest.sources import Row

_AMOUNT = re.compile(r"[0-9]{1,14}(?:\.[0-9]{1,4})?")
_LOCAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?")
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+")
"""How a spreadsheet writes a number that is too long for its column: digits are lost."""


def cell(row: Row, column: str) -> str:
    """What stands there; never empty."""
    if given := row.get(column):
        return given
    if column in row:
        raise ValueError(f"{column}: expected a value, found none")
    raise ValueError(f"{column}: expected a value, found no such column among {', '.join(row)}")


def identifier(row: Row, column: str) -> str:
    """A number of the upstream's own."""
    given = cell(row, column)
    if _ROUNDED.fullmatch(given):
        raise ValueError(f"{column}: expected all digits of a number, got {given!r}, as a spreadsheet shortens it")
    return given


def positive_amount(row: Row, column: str) -> Decimal:
    """Plain digits, a point and at most four more: no thousands separators, exponents, signs or currencies."""
    given = cell(row, column)
    if not _AMOUNT.fullmatch(given) or not (amount := Decimal(given)):
        raise ValueError(f"{column}: expected an amount above zero in plain digits such as 13000.0000, got {given!r}")
    return amount


def local_time(row: Row, column: str, zone: ZoneInfo) -> datetime:
    """A time of the upstream's own zone."""
    given = cell(row, column)
    wrong = ValueError(f"{column}: expected a local time such as 2017-03-05 10:56:25, got {given!r}")
    if not _LOCAL_TIME.fullmatch(given):
        raise wrong
    try:
        return datetime.fromisoformat(given).replace(tzinfo=zone)
    except ValueError:  # no such day, or no such hour
        raise wrong from None
