"""Durations as people write them in a configuration: 30s, 5m, 2h, 1d."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WRITTEN = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_LONGEST = timedelta(days=3650)


def parse_duration(given: object) -> timedelta:
    """`"90s"` as a timedelta. Raises ValueError for anything that is not a number and one unit."""
    if isinstance(given, timedelta):
        return given
    found = _WRITTEN.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise ValueError('expected a duration of one number and one unit (ms, s, m, h, d), such as "30s"')
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if not timedelta(0) < duration <= _LONGEST:
        raise ValueError(f"expected a duration above zero and of at most {_LONGEST.days} days")
    return duration


def write_duration(given: timedelta) -> str:
    """What `parse_duration` reads as this, in the largest unit that is whole; less than a millisecond is lost."""
    milliseconds = given // timedelta(milliseconds=1)
    for unit, name in reversed(_UNITS.items()):
        if not milliseconds % (size := timedelta(**{name: 1}) // timedelta(milliseconds=1)):
            return f"{milliseconds // size}{unit}"
    raise AssertionError("every duration is a whole number of milliseconds here")


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    PlainSerializer(write_duration, return_type=str, when_used="json"),
]
