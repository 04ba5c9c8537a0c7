"""Events as a lender would send them, one function a type; times and days are given, the rest has a plain default."""

from itertools import count
from typing import Any

Event = dict[str, Any]
SOURCE = "/core-banking"
_numbers = count(1)


def event(event_type: str, borrower: str, time: str, data: dict[str, Any], *, id: str | None = None) -> Event:  # noqa: A002
    """A CloudEvent; `time` may be a day, which is then noon in UTC."""
    return {
        "specversion": "1.0",
        "id": id or f"e{next(_numbers)}",
        "source": SOURCE,
        "type": event_type,
        "subject": borrower,
        "time": time if "T" in time else f"{time}T12:00:00Z",
        "data": data,
    }


def disbursed(borrower: str, day: str, *due: str, loan: str = "L1", amount: str = "100.00", **rest: Any) -> Event:
    """A loan of one instalment of `amount` on each of the days `due`."""
    schedule = [{"due_date": each, "amount": amount} for each in due]
    data = {"loan_id": loan, "principal": "100.00", "currency": "NGN", "schedule": schedule}
    return event("loan.disbursed", borrower, day, data, **rest)


def repaid(borrower: str, day: str, amount: str = "100.00", *, loan: str = "L1", **rest: Any) -> Event:
    """A repayment whose value date is its day."""
    data = {"loan_id": loan, "amount": amount, "currency": "NGN", "value_date": day[:10]}
    return event("repayment.received", borrower, day, data, **rest)


def exposed(borrower: str, day: str, lender: str, balance: str = "100.00", **rest: Any) -> Event:
    """What the borrower owes to another lender."""
    data = {"lender": lender, "balance": balance, "currency": "NGN", "as_of": day[:10]}
    return event("exposure.reported", borrower, day, data, **rest)


def clock(day: str) -> Event:
    """Business time has come to 00:00 of this day in Africa/Lagos."""
    through = f"{day}T00:00:00+01:00"
    return event("clock.advanced", "clock", through, {"through": through}, id=f"clock-{day}")
