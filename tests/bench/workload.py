"""A year of a bank: 50,000 borrowers' instalments, repayments, revenues and other debts, in the order of their time.

Nine in ten instalments are paid on time, some late, in two parts or never; a fifth of the borrowers report revenue,
one in twenty of those falls by 40 %; three in a hundred borrow from three or four other lenders within two months.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from shared.events import utc_text

ZONE = ZoneInfo("Africa/Lagos")
FIRST_DAY = date(2025, 1, 1)
DAYS = 365
SOURCE = "/core-banking/eu-1"
DAY_SECONDS = 86_400
LENDERS = [f"lender-{number:03}" for number in range(40)]
_encode = msgspec.json.Encoder(order="sorted").encode


class Item(NamedTuple):
    """One record: its key and value; a key of None is a clock record for every partition."""

    key: bytes | None
    value: bytes


class _Draft(NamedTuple):
    second: int
    """Seconds since the first day began."""
    number: int
    borrower: str
    type: str
    data: dict[str, Any]


class Year:
    """Collects what happens; the same arguments give the same bytes."""

    def __init__(self, events: int, borrowers: int, seed: int) -> None:
        self._chance = Random(seed)
        self._wanted = events
        self._borrowers = [f"B{number:07}" for number in range(borrowers)]
        self._drafts: list[_Draft] = []

    def items(self) -> Iterator[Item]:
        """The records in order of time, a clock record after each day."""
        self._instalments()
        self._revenues()
        self._sprees()
        self._usual_exposures()
        midnight = int(datetime.combine(FIRST_DAY, datetime.min.time(), ZONE).timestamp())
        day = 1
        for number, each in enumerate(sorted(self._drafts)):
            while each.second >= day * DAY_SECONDS:
                yield clock(datetime.fromtimestamp(midnight + day * DAY_SECONDS, ZONE))
                day += 1
            yield _event(number, each, midnight)
        while day <= DAYS:
            yield clock(datetime.fromtimestamp(midnight + day * DAY_SECONDS, ZONE))
            day += 1

    def _add(self, day: float, borrower: str, event_type: str, **data: Any) -> None:
        second = int(day * DAY_SECONDS) + self._chance.randrange(DAY_SECONDS)
        if second < DAYS * DAY_SECONDS:
            self._drafts.append(_Draft(second, len(self._drafts), borrower, event_type, data))

    def _instalments(self) -> None:
        chance = self._chance
        for borrower in self._borrowers:
            count = 2 if chance.random() < 0.72 else 3
            first = chance.randrange(0, DAYS - 12 - 30 * (count - 1))
            amount = chance.randrange(20_00, 900_00)
            for number in range(count):
                self._instalment(borrower, first + 30 * number, amount)

    def _instalment(self, borrower: str, day: int, amount: int) -> None:
        chance = self._chance
        loan = {"loan_id": f"L-{borrower}", "currency": "EUR"}
        due = FIRST_DAY + timedelta(days=day + 4)
        self._add(day, borrower, "installment.due", **loan, due_date=due.isoformat(), amount=_money(amount))
        drawn = chance.random()
        if drawn < 0.025:
            return  # never paid
        if drawn < 0.05:
            self._payment(borrower, day + chance.randrange(6, 30), amount)
        elif drawn < 0.09:
            self._payment(borrower, day + chance.randrange(1, 3), amount // 2)
            self._payment(borrower, day + chance.randrange(3, 4), amount - amount // 2)
        else:
            self._payment(borrower, day + chance.randrange(1, 5), amount)

    def _payment(self, borrower: str, day: int, amount: int) -> None:
        value_date = (FIRST_DAY + timedelta(days=day)).isoformat()
        loan = {"loan_id": f"L-{borrower}", "currency": "EUR"}
        self._add(day, borrower, "repayment.received", **loan, amount=_money(amount), value_date=value_date)

    def _revenues(self) -> None:
        chance = self._chance
        for borrower in chance.sample(self._borrowers, len(self._borrowers) * 21 // 100):
            usual, falls = chance.randrange(5_000_00, 200_000_00), chance.random() < 0.05
            for month in range(12):
                amount = int(usual * chance.uniform(0.97, 1.03) * (0.6 if falls and month >= 9 else 1))
                year, index = divmod(FIRST_DAY.year * 12 + FIRST_DAY.month - 1 + month, 12)
                day = (date(year, index + 1, 26) - FIRST_DAY).days
                name = f"{year:04}-{index + 1:02}"
                self._add(day, borrower, "revenue.reported", month=name, amount=_money(amount), currency="EUR")

    def _sprees(self) -> None:
        chance = self._chance
        for borrower in chance.sample(self._borrowers, len(self._borrowers) * 3 // 100):
            first = chance.randrange(290)
            for lender in chance.sample(LENDERS, chance.choice((3, 3, 4))):
                self._exposure(borrower, first + chance.randrange(60), lender)

    def _usual_exposures(self) -> None:
        chance = self._chance
        own = {borrower: chance.choice(LENDERS) for borrower in self._borrowers}
        while len(self._drafts) < self._wanted:
            borrower = chance.choice(self._borrowers)
            self._exposure(borrower, chance.randrange(DAYS - 1), own[borrower])
        del self._drafts[self._wanted :]

    def _exposure(self, borrower: str, day: int, lender: str) -> None:
        balance = _money(self._chance.randrange(1_000_00, 90_000_00))
        as_of = (FIRST_DAY + timedelta(days=day)).isoformat()
        self._add(day, borrower, "exposure.reported", lender=lender, balance=balance, currency="EUR", as_of=as_of)


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def event(identity: str, subject: str, event_type: str, moment: datetime, data: dict[str, Any]) -> Item:
    """One event's record."""
    document = {
        "specversion": "1.0",
        "id": identity,
        "source": SOURCE,
        "type": event_type,
        "subject": subject,
        "time": utc_text(moment),
        "data": data,
    }
    return Item(subject.encode(), _encode(document))


def _event(number: int, draft: _Draft, midnight: int) -> Item:
    identity = f"01JB{(number * 0x9E3779B97F4A7C15) % (1 << 88):022X}"
    moment = datetime.fromtimestamp(midnight + draft.second, ZONE)
    return event(identity, draft.borrower, draft.type, moment, draft.data)


def clock(moment: datetime) -> Item:
    """A clock record: everything up to then has been told."""
    record = event(
        f"end-of-{int(moment.timestamp())}", "clock", "clock.advanced", moment, {"through": utc_text(moment)}
    )
    return Item(None, record.value)


def generate(*, events: int = 400_000, borrowers: int = 50_000, seed: int = 20_261_125) -> list[Item]:
    """The records of a year, `events` of them beside the clock's."""
    return list(Year(events, borrowers, seed).items())
