"""Loans and how their borrowers repay them."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any

from deploy.local.portfolio.journal import CURRENCY, Journal, money

REVERSED_SHARE = 0.004  # of payments: returned debits and booking errors
YEARLY_MARKUP = 0.24
DAYS_IN_MONTH_EVERYWHERE = 28


@dataclass(frozen=True)
class Product:
    """What is lent: how many instalments, how far apart (None: one a month), and how much, in minor units."""

    name: str
    instalments: tuple[int, ...]
    days_apart: int | None
    principal: tuple[int, int]


@dataclass(frozen=True)
class Habit:
    """How a borrower pays. Trouble starts at `trouble` (if ever); from `recovery` (if ever) everything owed is paid."""

    late_share: float = 0.03
    late_days: int = 5
    trouble: date | None = None
    recovery: date | None = None


@dataclass(frozen=True)
class _Loan:
    identity: str
    due: tuple[date, ...]
    instalment: int


def lend(journal: Journal, product: Product, habit: Habit, *, first: date, name: str) -> None:
    """Write the life of a row of loans, each following the last; a borrower who did not repay gets no next one."""
    day: date | None = first
    for number in count(1):
        if day is None or not journal.calendar.holds(day):
            return
        loan = _disburse(journal, product, day, f"{name}{number}")
        repaid = _repay(journal, loan, habit)
        if repaid is None or repaid >= journal.calendar.end:
            return
        closed = repaid + timedelta(days=1)
        journal.write(closed, "loan.closed", {"loan_id": loan.identity, "closed_on": closed.isoformat()})
        day = closed + timedelta(days=journal.chance.randint(2, 20))


def _disburse(journal: Journal, product: Product, day: date, name: str) -> _Loan:
    chance = journal.chance
    instalments = chance.choice(product.instalments)
    principal = chance.randint(*product.principal) // 100_000 * 100_000
    due = tuple(_due(day, product, number) for number in range(1, instalments + 1))
    years = (due[-1] - day).days / 365
    loan = _Loan(f"L-{journal.borrower}-{name}", due, round(principal * (1 + YEARLY_MARKUP * years) / instalments))
    data = {
        "loan_id": loan.identity,
        "principal": money(principal),
        "currency": CURRENCY,
        "product": product.name,
        "schedule": [{"due_date": each.isoformat(), "amount": money(loan.instalment)} for each in due],
    }
    journal.write(day, "loan.disbursed", data)
    return loan


def _due(day: date, product: Product, number: int) -> date:
    if product.days_apart:
        return day + timedelta(days=product.days_apart * number)
    months = day.month - 1 + number
    return date(day.year + months // 12, months % 12 + 1, min(day.day, DAYS_IN_MONTH_EVERYWHERE))


def _repay(journal: Journal, loan: _Loan, habit: Habit) -> date | None:
    """Write the payments; the day the last one came, or None where the loan is never repaid."""
    last = loan.due[0]
    for due in loan.due:
        paid = _pay_instalment(journal, loan, due, habit)
        if paid is None:
            return None
        last = max(last, paid)
    return last


def _pay_instalment(journal: Journal, loan: _Loan, due: date, habit: Habit) -> date | None:
    chance = journal.chance
    if habit.trouble and due >= habit.trouble and not (habit.recovery and due >= habit.recovery):
        return _pay_in_trouble(journal, loan, due, habit)
    late = chance.random() < habit.late_share
    day = due + timedelta(days=chance.randint(1, habit.late_days) if late else -chance.choice((0, 0, 0, 1, 2)))
    return _pay(journal, loan, day, loan.instalment)


def _pay_in_trouble(journal: Journal, loan: _Loan, due: date, habit: Habit) -> date | None:
    """A part, late, at most; the rest with the recovery."""
    paid = 0
    if journal.chance.random() < 0.4:
        paid = loan.instalment // journal.chance.choice((2, 3, 4))
        _pay(journal, loan, due + timedelta(days=journal.chance.randint(0, 12)), paid)
    if habit.recovery is None:
        return None
    return _pay(journal, loan, habit.recovery + timedelta(days=journal.chance.randint(13, 20)), loan.instalment - paid)


def _pay(journal: Journal, loan: _Loan, day: date, amount: int) -> date:
    """Write a payment. One in a few hundred is taken back and made again; the day it counts from."""
    data = _payment(loan, day, amount)
    identity = journal.write(day, "repayment.received", data)
    if journal.chance.random() >= REVERSED_SHARE:
        return day
    returned = day + timedelta(days=journal.chance.randint(1, 3))
    journal.write(returned, "repayment.reversed", {"repayment_id": identity, **data})
    again = returned + timedelta(days=journal.chance.randint(1, 9))
    journal.write(again, "repayment.received", _payment(loan, again, amount))
    return again


def _payment(loan: _Loan, day: date, amount: int) -> dict[str, Any]:
    return {
        "loan_id": loan.identity,
        "amount": money(amount),
        "currency": CURRENCY,
        "value_date": day.isoformat(),
    }
