"""One borrower's life under a ruleset, told event by event."""

from datetime import date
from typing import Any

import msgspec

from services.warning.core import borrower as borrowers
from services.warning.core.calendar import Calendar
from services.warning.core.changes import Change
from services.warning.core.engine import Engine
from services.warning.core.records import Event, read
from services.warning.core.rules.loading import load_ruleset

PLAIN = """
ruleset: plain
rules:
  - {id: late, family: repayment, measure: days_past_due, above: {blue: 1, yellow: 7, red: 30}}
"""
PATIENT = """
ruleset: patient
rules:
  - id: late
    family: repayment
    measure: days_past_due
    above: {blue: 1, yellow: 7}
    hold: 2d
    clear: {below: 0, after: 3d}
"""


class Life:
    """In Lagos, whose days begin at 23:00 UTC; `tests.events` happen at noon in UTC."""

    def __init__(self, rules: str = PLAIN, **options: int) -> None:
        self.calendar = Calendar("Africa/Lagos")
        self.engine = Engine(load_ruleset(rules), self.calendar, **options)
        self.borrower = borrowers.new("B1")
        self.changes: list[Change] = []

    def says(self, *said: dict[str, Any], clock: str | None = None) -> list[str]:
        """Outcomes, one an event; the partition's clock may be ahead at 00:00 of a day."""
        at = self.midnight(clock) if clock else 0
        return [self.engine.decide(self.borrower, as_event(each), at, self.changes) for each in said]

    def waits(self, day: str) -> None:
        """Time passes to 00:00 of a day."""
        self.engine.advance(self.borrower, self.midnight(day), self.changes)

    def midnight(self, day: str) -> int:
        return self.calendar.midnight(date.fromisoformat(day).toordinal())

    @property
    def told(self) -> list[str]:
        """Each change as its kind, its level and when, to the hour in UTC."""
        return [f"{each.kind} {each.level or each.previous_level} {each.at[:13]}" for each in self.changes]


def as_event(said: dict[str, Any]) -> Event:
    """As the engine reads it from the topic."""
    return read(msgspec.json.encode(said))
