"""What a business sold, month by month."""

import msgspec

from services.warning.core.calendar import Calendar, last_day_of, month_index
from services.warning.core.facts.amounts import ten_thousandths
from services.warning.core.facts.family import Family
from services.warning.core.facts.order import forget_key, is_later
from services.warning.core.records import Event

WINDOW_MONTHS = 12
"""How many months indicators look at, up to the latest known one."""


class RevenueReported(msgspec.Struct, gc=False):
    """What is read of revenue.reported."""

    month: str
    amount: str
    currency: str


class Month(msgspec.Struct, array_like=True, gc=False):
    """One month's revenue: the last report of it. Stored by place: a new field goes last."""

    amount: int
    currency: str
    time: int
    hash: int
    moment: int
    """When it counts from: the month's end, or the report's time where that came first."""
    key: str = ""


class Revenue(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """Months by index."""

    months: dict[int, Month] = {}


def reported(state: Revenue, event: Event, data: RevenueReported, calendar: Calendar) -> int:
    """A later report of a month replaces an earlier one."""
    index = month_index(data.month)
    known = state.months.get(index)
    moment = min(event.time, calendar.midnight(last_day_of(index) + 1) - 1)
    if known is not None and not is_later(event, known):
        return known.moment
    state.months[index] = Month(ten_thousandths(data.amount), data.currency, event.time, event.hash, moment, event.key)
    return moment if known is None else min(moment, known.moment)


def holds(state: Revenue, event_hash: int) -> bool:
    """Whether a month stands as this event reported it."""
    return any(month.hash == event_hash for month in state.months.values())


def prune(state: Revenue, day: int) -> None:
    """Forget months before the window of the latest that had ended by that day."""
    months = state.months
    for month in months.values():
        forget_key(month, day)
    if not months or max(months) - min(months) < WINDOW_MONTHS:
        return
    ended = [index for index in months if last_day_of(index) < day]
    for index in [each for each in ended if each <= max(ended) - WINDOW_MONTHS]:
        del months[index]


FAMILY = Family("revenue", Revenue, {"revenue.reported": (RevenueReported, reported)}, holds, prune)
