"""RFC 3339 times, beyond those that compiled code reads: leap seconds, and fractions of any length."""

import re
from datetime import UTC, datetime, timedelta

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:"
_OFFSET = r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
PLAIN = rf"^{_TIME}[0-5][0-9](?:\.[0-9]{{1,6}})?{_OFFSET}$"
"""What every reader downstream takes, to the microsecond."""
RFC_3339 = rf"^{_TIME}(?:[0-5][0-9]|60)(?:\.[0-9]+)?{_OFFSET}$"

_plain = re.compile(PLAIN)
_PARTS = re.compile(rf"({_TIME})([0-9]{{2}})(\.[0-9]+)?({_OFFSET})")
_LAST_INSTANT = timedelta(microseconds=1)


def is_plain(text: str) -> bool:
    """Whether nothing of it is beyond a reader that knows microseconds and no leap seconds."""
    return _plain.match(text) is not None


def read_moment(text: str) -> datetime:
    """Any RFC 3339 time, to the microsecond below it. Raises ValueError.

    A leap second is the last microsecond of its day: no clock here has one, and the day it ends must not change.
    """
    found = _PARTS.fullmatch(text)
    if found is None:
        raise ValueError("expected an RFC 3339 time")
    minute, second, fraction, offset = found.groups()
    if second != "60":
        return datetime.fromisoformat(f"{minute}{second}{(fraction or '')[:7]}{offset}".upper())
    moment = datetime.fromisoformat(f"{minute}59.999999{offset}".upper())
    after = moment.astimezone(UTC) + _LAST_INSTANT
    if (after.day, after.hour, after.minute) != (1, 0, 0):
        raise ValueError("expected a leap second at the end of a month in UTC")
    return moment


def utc_text(moment: datetime) -> str:
    """A moment as events carry it: UTC, RFC 3339, microseconds only where there are some."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
