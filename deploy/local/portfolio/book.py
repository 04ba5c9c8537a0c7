"""The whole book, day by day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from deploy.local.portfolio.borrowers import live
from deploy.local.portfolio.journal import SOURCE, Calendar, Event, Journal

TIME_ZONE = "Africa/Lagos"
FIRST_DAY = date(2025, 1, 1)
DAYS = 365


@dataclass
class BusinessDay:
    """A day's events by time, and the clock record that says the day is over."""

    date: date
    clock: Event
    events: list[Event] = field(default_factory=list)


def simulate(
    *, borrowers: int = 500, seed: int = 7, first: date = FIRST_DAY, days: int = DAYS, time_zone: str = TIME_ZONE
) -> Iterator[BusinessDay]:
    """The book's days in order. The same arguments give the same events, byte for byte.

    A borrower's life depends on the seed and its own number alone: a larger book holds the smaller one.
    """
    calendar = Calendar(first, first + timedelta(days=days), ZoneInfo(time_zone))
    booked: dict[date, list[tuple[datetime, Event]]] = {}
    for number in range(1, borrowers + 1):
        borrower = f"B-{number:05}"
        journal = Journal(borrower, calendar, Random(f"{seed} {borrower}"))
        live(journal)
        for at, event in journal:
            booked.setdefault(at.date(), []).append((at, event))
    for offset in range(days):
        day = first + timedelta(days=offset)
        events = sorted(booked.pop(day, []), key=lambda each: (each[0], each[1]["id"]))
        yield BusinessDay(day, _clock(day, calendar), [event for _, event in events])


def _clock(day: date, calendar: Calendar) -> Event:
    midnight = datetime.combine(day + timedelta(days=1), time(), calendar.zone).isoformat()
    return {
        "specversion": "1.0",
        "id": f"end-of-{day}",
        "source": SOURCE,
        "type": "clock.advanced",
        "subject": "clock",
        "time": midnight,
        "data": {"through": midnight},
    }
