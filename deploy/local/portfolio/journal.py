"""One borrower's events, written down as CloudEvents."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

Event = dict[str, Any]
"""A CloudEvent as JSON would have it."""

SOURCE = "/simulated-core-banking"
CURRENCY = "NGN"
OPENING, MINUTES_OPEN = time(8), 10 * 60


def money(minor: int) -> str:
    """Minor units as the decimal string events carry: 123450 is "1234.50"."""
    return f"{minor // 100}.{minor % 100:02}"


@dataclass(frozen=True)
class Calendar:
    """The days that are simulated: from `first` up to, not including, `end`, in the lender's zone."""

    first: date
    end: date
    zone: ZoneInfo

    def holds(self, day: date) -> bool:
        return self.first <= day < self.end


class Journal:
    """Collects what the lender books of one borrower, at minutes of the working day drawn from `chance`."""

    def __init__(self, borrower: str, calendar: Calendar, chance: Random) -> None:
        self.borrower = borrower
        self.calendar = calendar
        self.chance = chance
        self._events: list[tuple[datetime, Event]] = []

    def write(self, day: date, event_type: str, data: dict[str, Any]) -> str:
        """Book an event on `day` and return its id; a day that is not simulated leaves no trace."""
        opening = datetime.combine(day, OPENING, self.calendar.zone)
        at = opening + timedelta(minutes=self.chance.randrange(MINUTES_OPEN), seconds=len(self._events) % 60)
        identity = f"{self.borrower}-{len(self._events) + 1}"
        if self.calendar.holds(day):
            self._events.append((at, self._event(identity, event_type, at, data)))
        return identity

    def __iter__(self) -> Iterator[tuple[datetime, Event]]:
        return iter(self._events)

    def _event(self, identity: str, event_type: str, at: datetime, data: dict[str, Any]) -> Event:
        return {
            "specversion": "1.0",
            "id": identity,
            "source": SOURCE,
            "type": event_type,
            "subject": self.borrower,
            "time": at.isoformat(),
            "data": data,
        }
