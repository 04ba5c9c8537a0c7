"""A lender's book that goes day by day and remembers nothing but what was said."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.warning.core.calendar import AsOf
from services.warning.core.engine import Engine
from services.warning.core.indicators import Indicator
from tests.unit.warning.core.histories import DAYS, START, Said, lived

RELATIVE = Decimal("0.05")
ABSOLUTE = {"individual": Decimal(10), "enterprise": Decimal(30)}
GRACE = {"individual": 1, "enterprise": 0}


@dataclass
class Book:
    """What was said of one loan in the end, whenever it was said."""

    currency: str = ""
    dues: dict[date, Decimal] = field(default_factory=dict)
    payments: list[tuple[date, Decimal]] = field(default_factory=list)
    closed: date = date.max

    def overdue(self, day: date) -> tuple[Decimal, Decimal]:
        """At 00:00: what is overdue, and all that is still owed."""
        paid = sum((amount for when, amount in self.payments if when < day), Decimal())
        fallen = sum((amount for due, amount in self.dues.items() if due < day), Decimal())
        return fallen - paid, sum(self.dues.values(), Decimal()) - paid

    def days_past_due(self, day: date, kind: str) -> int:
        """What is overdue after grace."""
        return max(0, self.overdue_days(day, kind) - GRACE[kind])

    def overdue_days(self, day: date, kind: str) -> int:
        """Goes through all days up to this one and counts those in a row on which a material amount was overdue."""
        if self.closed < day or not self.dues:
            return 0
        row, each = 0, min(self.dues)
        while each <= day:
            overdue, owed = self.overdue(each)
            row = row + 1 if overdue > ABSOLUTE[kind] and overdue > RELATIVE * owed else 0
            each += timedelta(days=1)
        return min(row, self._age(day))

    def _age(self, day: date) -> int:
        paid = sum((amount for when, amount in self.payments if when < day), Decimal())
        for due in sorted(self.dues):
            paid -= self.dues[due]
            if paid < 0:
                return max(0, (day - due).days)
        return 0


def book_of(events: list[Said], loan_id: str) -> Book:
    of_loan = [each for each in events if each["data"].get("loan_id") == loan_id]
    book = Book()
    disbursements = [each for each in of_loan if each["type"] == "loan.disbursed"]
    dues = [each for each in of_loan if each["type"] == "installment.due"]
    since = ""
    if disbursements:
        since = disbursements[-1]["time"]
        book.currency = disbursements[-1]["data"]["currency"]
        for each in disbursements[-1]["data"]["schedule"]:
            book.dues[date.fromisoformat(each["due_date"])] = Decimal(each["amount"])
    elif dues:
        book.currency = dues[-1]["data"]["currency"]
    newest = {each["data"]["due_date"]: each for each in dues}
    for day, each in newest.items():
        scheduled = date.fromisoformat(day) in book.dues
        if each["data"]["currency"] == book.currency and (not scheduled or each["time"] > since):
            book.dues[date.fromisoformat(day)] = Decimal(each["data"]["amount"])
    _pay(book, of_loan)
    for each in of_loan:
        if each["type"] == "loan.closed":
            book.closed = date.fromisoformat(each["data"]["closed_on"])
    return book


def _pay(book: Book, of_loan: list[Said]) -> None:
    reversed_ = {each["data"]["repayment_id"] for each in of_loan if each["type"] == "repayment.reversed"}
    for each in of_loan:
        paid = each["type"] == "repayment.received" and each["id"] not in reversed_
        if paid and each["data"]["currency"] == book.currency:
            book.payments.append((date.fromisoformat(each["data"]["value_date"]), Decimal(each["data"]["amount"])))


def kind_of(events: list[Said]) -> str:
    kinds = [each["data"]["kind"] for each in events if each["type"] == "borrower.registered"]
    return str(kinds[-1]) if kinds else "individual"


def asked_day_by_day(
    engine: Engine, events: list[Said], indicator: Indicator
) -> Iterator[tuple[Any, tuple[Book, Book], date, str]]:
    """Every third day: what the indicator says, the books of both loans, the day, and the borrower's kind.

    Nothing where no loan was ever spoken of: there the indicator must be absent.
    """
    borrower, _ = lived(engine, events)
    books = (book_of(events, "L1"), book_of(events, "L2"))
    known = any("loan_id" in each["data"] for each in events)
    for number in range(-5, DAYS + 20, 3):
        day = START + timedelta(days=number)
        midnight = engine.calendar.midnight(day.toordinal())
        found = indicator.value(borrower.facts, AsOf(midnight, day.toordinal(), midnight), engine.terms)
        if known:
            yield found, books, day, kind_of(events)
        else:
            assert found is None, day
