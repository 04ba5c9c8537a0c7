"""A SuperLender loan as events.

The tables hold one row a loan: PREVLOANS the earlier loans, all repaid, and PERF each borrower's last one, of which
only the terms are known. What they leave out is assumed: loans over 30 days are repaid in equal monthly instalments,
and a loan that closed later than its first repayment was repaid in halves.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from itertools import count
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from services.ingest.sources import Event, Row, Upstream
from services.ingest.sources.cells import cell, identifier, local_time, positive_amount
from shared.events import utc_text

SOURCE = "/superlender"
ZONE = ZoneInfo("Africa/Lagos")
CURRENCY = "NGN"

INSTALMENTS = {15: 1, 30: 1, 60: 2, 90: 3}
"""How many instalments a loan of so many days has."""
BETWEEN_INSTALMENTS = timedelta(days=30)
PAID_AT_ONCE = timedelta(hours=1)
"""A loan closed sooner than this after its first repayment was repaid in one (90.4 % of them)."""
_CENT_OF_A_KOBO = Decimal("0.0001")


def earlier_loan(row: Row) -> Iterator[Event]:
    """Its disbursement, its one or two repayments, and its closing."""
    write = _Writer(row)
    total = positive_amount(row, "totaldue")
    repaid, closed = local_time(row, "firstrepaiddate", ZONE), local_time(row, "closeddate", ZONE)
    yield _disbursement(write, row, local_time(row, "firstduedate", ZONE))
    parts = [total] if closed - repaid < PAID_AT_ONCE else _split(total, 2)
    for at, part in zip([repaid, closed], parts, strict=False):
        payment = {"amount": _text(part), "currency": CURRENCY, "value_date": _day(at)}
        yield write("repayment.received", at, payment)
    yield write("loan.closed", closed, {"closed_on": _day(closed)})


def final_loan(row: Row) -> Iterator[Event]:
    """Its disbursement alone: whether it was repaid is what the book asks to be foretold."""
    days = timedelta(days=_term(row)) / INSTALMENTS[_term(row)]
    yield _disbursement(_Writer(row), row, local_time(row, "approveddate", ZONE) + days)


UPSTREAM = Upstream(SOURCE, ZONE, MappingProxyType({"PREVLOANS": earlier_loan, "PERF": final_loan}))


class _Writer:
    """Writes a loan's events with ids in the order they happened, so that ties of time sort right."""

    def __init__(self, row: Row) -> None:
        self._borrower, self._loan = identifier(row, "customerid"), identifier(row, "systemloanid")
        self._numbers = count(1)

    def __call__(self, event_type: str, at: datetime, data: dict[str, Any]) -> Event:
        return {
            "specversion": "1.0",
            "id": f"{self._loan}-{next(self._numbers)}",
            "source": SOURCE,
            "type": event_type,
            "subject": self._borrower,
            "time": utc_text(at),
            "data": {"loan_id": self._loan, **data},
        }


def _disbursement(write: _Writer, row: Row, first_due: datetime) -> Event:
    parts = _split(positive_amount(row, "totaldue"), INSTALMENTS[_term(row)])
    return write(
        "loan.disbursed",
        local_time(row, "approveddate", ZONE),
        {
            "principal": _text(positive_amount(row, "loanamount")),
            "currency": CURRENCY,
            "product": f"{_term(row)} days",
            "schedule": [
                {"due_date": _day(first_due + number * BETWEEN_INSTALMENTS), "amount": _text(part)}
                for number, part in enumerate(parts)
            ],
        },
    )


def _split(amount: Decimal, parts: int) -> list[Decimal]:
    """Equal parts, of which the last takes what rounding left."""
    part = (amount / parts).quantize(_CENT_OF_A_KOBO, ROUND_DOWN)
    return [part] * (parts - 1) + [amount - part * (parts - 1)]


def _text(amount: Decimal) -> str:
    return f"{amount:.4f}"


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _term(row: Row) -> int:
    given = cell(row, "termdays")
    days = int(given) if given.isdecimal() else 0
    if days not in INSTALMENTS:
        raise ValueError(f"termdays: expected one of {', '.join(map(str, INSTALMENTS))}, got {given!r}")
    return days
