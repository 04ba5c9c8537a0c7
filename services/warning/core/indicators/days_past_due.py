"""Days past due: how long a borrower has owed a material amount."""

from bisect import bisect_left, bisect_right
from math import ceil
from typing import Any

from services.warning.core.calendar import AsOf, Calendar
from services.warning.core.facts.ledger import Loan, paid_before
from services.warning.core.indicators.indicator import Indicator, Reading, Terms, earliest
from services.warning.core.rules.ruleset import MILLION, Materiality


def overdue_days(loan: Loan, as_of: AsOf, rule: Materiality, calendar: Calendar) -> int:
    """Days past due before grace is taken off; 0 where nothing material is overdue.

    The smaller of the age of the oldest unpaid instalment and the unbroken run of days on which the amount overdue was
    material (EBA/GL/2016/07, paragraphs 16 to 20: the count starts when both legs are breached, anew after a break).
    """
    if loan.closed is not None and loan.closed.moment < as_of.until:
        return 0
    if not loan.owed or (loan.newest < as_of.until and loan.paid >= loan.owed[-1]):
        return 0  # the usual case: all is paid
    fallen = bisect_left(loan.days, as_of.day)
    paid = paid_before(loan, as_of.until)
    if not fallen or not is_material(loan, loan.owed[fallen - 1] - paid, paid, rule):
        return 0
    oldest = bisect_right(loan.owed, paid)
    age = as_of.day - loan.days[oldest]
    # What the oldest one lacks has been overdue all along: material by itself, it makes the run as long as its age.
    if is_material(loan, loan.owed[oldest] - paid, 0, rule):
        return age
    return min(age, _run(loan, as_of.day, loan.days[oldest] + 1, rule, calendar))


def is_material(loan: Loan, overdue: int, paid: int, rule: Materiality) -> bool:
    if overdue <= rule.absolute:
        return False
    return not rule.relative or overdue * MILLION > rule.relative * (loan.owed[-1] - paid)


def _run(loan: Loan, today: int, first: int, rule: Materiality, calendar: Calendar) -> int:
    """Days up to today without a 00:00 at which the amount overdue was not material."""
    turns = {
        first,
        *(day + 1 for day in loan.days),
        *(calendar.day_of(each.moment) + 1 for each in loan.payments.values()),
    }
    days = sorted(day for day in turns if first <= day <= today)
    start = first
    for day, following in zip(days, [*days[1:], today + 1], strict=True):
        paid = paid_before(loan, calendar.midnight(day))
        fallen = bisect_left(loan.days, day)
        if not is_material(loan, loan.owed[fallen - 1] - paid, paid, rule):
            start = following
    return today + 1 - start


def past_due(loan: Loan, as_of: AsOf, rule: Materiality, calendar: Calendar) -> int:
    """Days past due after grace."""
    return max(0, overdue_days(loan, as_of, rule, calendar) - rule.grace_days)


def value(facts: Any, as_of: AsOf, terms: Terms) -> int | None:
    """The worst over the borrower's loans."""
    if not facts.ledger.ever:
        return None
    rule = terms.materiality_for(facts.profile.kind)
    worst, today, until = 0, as_of.day, as_of.until
    for loan in facts.ledger.loans.values():
        if not loan.days or loan.days[0] >= today or (loan.paid >= loan.owed[-1] and loan.newest < until):
            continue  # the usual cases: nothing has fallen due yet, or all is paid
        worst = max(worst, past_due(loan, as_of, rule, terms.calendar))
    return worst


def measure(facts: Any, as_of: AsOf, terms: Terms) -> Reading | None:
    """The worst over the borrower's loans, and which it is; of equals, the smallest loan id."""
    worst = value(facts, as_of, terms)
    if not worst:
        return None if worst is None else Reading(0)
    rule = terms.materiality_for(facts.profile.kind)
    loans = facts.ledger.loans
    named = min(each for each in loans if past_due(loans[each], as_of, rule, terms.calendar) == worst)
    return Reading(worst, named, contributions(loans[named]), (as_of.day - worst - rule.grace_days, as_of.day))


def contributions(loan: Loan) -> tuple[int, ...]:
    """The disbursement and the newest payments."""
    newest = sorted(loan.payments, key=lambda each: loan.payments[each].moment)[-15:]
    return (*([loan.hash] if loan.time >= 0 else []), *newest)


def next_change(facts: Any, as_of: AsOf, terms: Terms, up: float | None, _down: float | None) -> int | None:
    """Days past due grow by one a day; they fall only by an event or by an item dated ahead."""
    rule = terms.materiality_for(facts.profile.kind)
    soonest, until = None, as_of.until
    for loan in facts.ledger.loans.values():
        if loan.newest < until and loan.owed and loan.paid >= loan.owed[-1] and loan.closed is None:
            continue  # the usual case: all is paid, and nothing is dated ahead
        found = _next_of(loan, as_of, rule, terms.calendar, up)
        if found is not None and (soonest is None or found < soonest):
            soonest = found
    return soonest


def _next_of(loan: Loan, as_of: AsOf, rule: Materiality, calendar: Calendar, up: float | None) -> int | None:
    grows = None if up is None else _grows_to(loan, as_of, rule, calendar, ceil(up) + rule.grace_days)
    if loan.closed is None and loan.newest < as_of.until:
        return grows  # nothing is dated ahead
    if loan.closed is not None and loan.closed.moment < as_of.until:
        return None
    closing = None if loan.closed is None else loan.closed.moment + 1
    return earliest(
        [grows, closing, *(each.moment + 1 for each in loan.payments.values() if each.moment >= as_of.until)]
    )


def _grows_to(loan: Loan, as_of: AsOf, rule: Materiality, calendar: Calendar, target: int) -> int | None:
    """The first midnight at which the count may reach `target` days, or does so at the latest if it is on its way."""
    days, owed = loan.days, loan.owed
    if not days or (loan.newest < as_of.until and loan.paid >= owed[-1]):
        return None
    paid, fallen = paid_before(loan, as_of.until), bisect_left(days, as_of.day)
    if fallen and owed[fallen - 1] > paid and (counted := overdue_days(loan, as_of, rule, calendar)):
        return calendar.midnight(as_of.day + max(1, target - counted))
    oldest = bisect_right(owed, paid)
    following = max(oldest, fallen)
    if following == len(days):
        return None
    # Too little since a payment today, but material at 00:00: with the next instalment the run goes on.
    return calendar.midnight(days[following] + (1 if oldest < fallen else max(1, target)))


INDICATORS = [
    Indicator(
        name="days_past_due",
        unit="days",
        whole=True,
        meaning="Calendar days since the oldest unpaid instalment fell due, counted while a material amount is overdue;"
        " the worst over the loans",
        source="EBA/GL/2016/07 paragraphs 16 to 20; Basel Framework CRE36.69 (90 days)",
        reads=frozenset({"ledger", "profile"}),
        value=value,
        measure=measure,
        next_change=next_change,
        absent_when="no loan of this borrower was ever reported",
        per_loan=True,
    )
]
