"""What an event may say of other times than its own: value dates and periods not far ahead of it, money of its time.

A value date typed as 2062 would count for ever as still to come, and a month of that year as the latest one known.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.events.currencies import ENDED, SETTLED_WITHIN
from shared.events.envelope import Envelope
from shared.events.fields import Dated, EventData


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many days a value date, or the beginning of a reported month, may lie after the event's own day (in UTC)."""

    value_days: int = 31
    """Room for standing orders and forward bookings: what is promised for later has not been received."""
    period_days: int = 7
    """Room for books whose months begin some days before the calendar's; a month that has not begun sold nothing."""


ORDINARY = Ahead()

Place = tuple[str | int, ...]


def check_dates(event: Envelope[EventData], ahead: Ahead) -> None:
    """Raises pydantic.ValidationError naming both times where a dated field does not fit its event's own time."""
    data, own = event.data, event.time.date()
    for name, fits in _ordinary(type(data)):
        # By far the commonest, and a third of a microsecond a field: nothing is dated ahead, no currency has ended.
        if not fits(getattr(data, name), own):
            _raise_misdated(event, ahead)
            return


def _raise_misdated(event: Envelope[EventData], ahead: Ahead) -> None:
    if found := list(_wrong(event.data, event.time, ahead, ("data",))):
        raise ValidationError.from_exception_data("event", found)


def _wrong(data: EventData, time: datetime, ahead: Ahead, place: Place) -> Iterator[InitErrorDetails]:
    for name, kind in _dated_fields(type(data)):
        given = getattr(data, name)
        if given is None:
            continue
        if kind is None:
            for number, each in enumerate(given):
                yield from _wrong(each, time, ahead, (*place, name, number))
        elif (said := _CHECKS[kind](given, time, ahead)) is not None:
            error = PydanticCustomError("misdated", "{said}", {"said": said})
            yield InitErrorDetails(type=error, loc=(*place, name), input=given)


@cache
def _dated_fields(model: type[EventData]) -> tuple[tuple[str, Dated | None], ...]:
    """The fields of a model that are judged, and the lists of models that hold such fields (None)."""
    return tuple((name, kind) for name, field in model.model_fields.items() for kind in _kinds(field))


@cache
def _ordinary(model: type[EventData]) -> tuple[tuple[str, Callable[[Any, date], bool]], ...]:
    """By field that is judged: whether a value, beside the event's own day, needs no second look."""
    return tuple((name, _ORDINARY[kind]) for name, kind in _dated_fields(model))


def _kinds(field: FieldInfo) -> Iterator[Dated | None]:
    yield from _marks(field)
    for each in _within(field.annotation):
        if isinstance(each, type) and issubclass(each, EventData) and _dated_fields(each):
            yield None


def _marks(field: FieldInfo) -> list[Dated]:
    """On the field itself, or inside `Annotated[...] | None`."""
    optional = [mark for part in get_args(field.annotation) for mark in getattr(part, "__metadata__", ())]
    return [each for each in (*field.metadata, *optional) if isinstance(each, Dated)]


def _within(annotation: Any) -> tuple[Any, ...]:
    return tuple(inner for part in (annotation, *get_args(annotation)) for inner in get_args(part))


def _value_date(given: date, time: datetime, ahead: Ahead) -> str | None:
    own = time.date()
    if given <= own + timedelta(days=ahead.value_days):
        return None
    return f"expected a day at most {ahead.value_days} days after the event's own, {own}; got {given}"


def _period(given: str, time: datetime, ahead: Ahead) -> str | None:
    own = time.date()
    if given <= f"{own + timedelta(days=ahead.period_days):%Y-%m}":
        return None
    return (
        f"expected a month that begins at most {ahead.period_days} days after the event's own day, {own}; got {given}"
    )


def _currency(given: str, time: datetime, _: Ahead) -> str | None:
    end = ENDED.get(given)
    if end is None or time.date() <= end + SETTLED_WITHIN:
        return None
    return f"expected a currency of the event's own time, {time.date()}; {given} ended on {end}"


_CHECKS: dict[Dated, Callable[[Any, datetime, Ahead], str | None]] = {
    Dated.VALUE: _value_date,
    Dated.PERIOD: _period,
    Dated.CURRENCY: _currency,
}
_ORDINARY: dict[Dated | None, Callable[[Any, date], bool]] = {
    Dated.VALUE: lambda given, own: given is None or given <= own,
    Dated.PERIOD: lambda given, own: given is None or given <= own.isoformat(),
    Dated.CURRENCY: lambda given, _: given not in ENDED,
    None: lambda given, _: not given,
}
