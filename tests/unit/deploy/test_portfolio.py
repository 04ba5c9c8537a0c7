"""The simulated book is a lender's: valid, in order, repeatable, and with every kind of trouble in it."""

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from itertools import chain

import msgspec
import pytest

from deploy.local.portfolio import BusinessDay, Event, simulate
from shared.events import accept


@pytest.fixture(scope="module")
def year() -> list[BusinessDay]:
    return list(simulate(borrowers=150))


def _events(year: list[BusinessDay]) -> list[Event]:
    return list(chain.from_iterable(day.events for day in year))


def test_ingest_would_accept_every_event(year: list[BusinessDay]) -> None:
    for event in chain(_events(year), (day.clock for day in year)):
        accept(msgspec.json.encode(event))


def test_days_follow_each_other_and_hold_their_own_events_in_order(year: list[BusinessDay]) -> None:
    times = [datetime.fromisoformat(event["time"]) for event in _events(year)]

    assert times == sorted(times)
    assert all(datetime.fromisoformat(event["time"]).date() == day.date for day in year for event in day.events)
    assert len({event["id"] for event in _events(year)}) == len(times)
    assert all(event["time"] < day.clock["data"]["through"] for day in year for event in day.events)


def test_a_larger_book_holds_the_smaller_one(year: list[BusinessDay]) -> None:
    smaller = _events(list(simulate(borrowers=20)))
    known = {event["subject"] for event in smaller}

    assert smaller == [event for event in _events(year) if event["subject"] in known]


def test_another_seed_is_another_book(year: list[BusinessDay]) -> None:
    assert _events(list(simulate(borrowers=150, seed=8))) != _events(year)


def _owed_at_closing(events: list[Event]) -> dict[str, Decimal]:
    """What each closed loan still owed when it was closed; a payment that was taken back is owed again."""
    owed: defaultdict[str, Decimal] = defaultdict(Decimal)
    left = {}
    for event in events:
        data = event["data"]
        match event["type"]:
            case "loan.disbursed":
                owed[data["loan_id"]] += sum(Decimal(each["amount"]) for each in data["schedule"])
            case "repayment.received":
                owed[data["loan_id"]] -= Decimal(data["amount"])
            case "repayment.reversed":
                owed[data["loan_id"]] += Decimal(data["amount"])
            case "loan.closed":
                left[data["loan_id"]] = owed[data["loan_id"]]
    return left


def test_a_loan_is_closed_only_once_it_is_repaid(year: list[BusinessDay]) -> None:
    left = _owed_at_closing(_events(year))

    assert left
    assert set(left.values()) == {Decimal(0)}


def test_a_year_of_five_hundred_borrowers_is_twenty_to_thirty_thousand_events() -> None:
    year = list(simulate())

    assert (year[0].date, year[-1].date) == (date(2025, 1, 1), date(2025, 12, 31))
    assert 20_000 <= len(_events(year)) <= 30_000
