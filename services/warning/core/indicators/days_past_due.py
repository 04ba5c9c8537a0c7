"""Days past due: how long a borrower has owed a material amount."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from math import ceil
from typing import Any

from services.warning.core.calendar import AsOf, Calendar
from services.warning.core.facts.ledger import Loan, View, in_force, paid_before, views
from services.warning.core.indicators.arrears import overdue_days
from services.warning.core.indicators.indicator import Indicator, Reading, Terms, earliest
from services.warning.core.indicators.relief import why_better
from services.warning.core.rules.ruleset import Materiality


def past_due(loan: Loan, as_of: AsOf, rule: Materiality, calendar: Calendar) -> int:
    """Days past due after grace."""
    return max(0, overdue_days(in_force(loan, as_of.until), as_of, rule, calendar) - rule.grace_days)


def value(facts: Any, as_of: AsOf, terms: Terms) -> int | None:
    """The worst over the borrower's loans."""
    if not facts.ledger.ever:
        return None
    rule = terms.materiality_for(facts.profile.kind)
    worst, today, until = 0, as_of.day, as_of.until
    for loan in facts.ledger.loans.values():
        if loan.newest < until and (not loan.owed or loan.paid >= loan.owed[-1]):
            continue  # the usual case: all is paid
        if (loan.story is None or not loan.story.earlier) and (not loan.days or loan.days[0] >= today):
            continue  # another: nothing has fallen due yet
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
    """The disbursement and the newest payments that stand."""
    standing = [each for each, payment in loan.payments.items() if payment.left()]
    newest = sorted(standing, key=lambda each: loan.payments[each].moment)[-15:]
    return (*([loan.hash] if loan.time >= 0 else []), *newest)


def next_change(facts: Any, as_of: AsOf, terms: Terms, up: float | None, _down: float | None) -> int | None:
    """Days past due grow by one a day; they fall only by an event or by an item dated ahead."""
    rule = terms.materiality_for(facts.profile.kind)
    soonest, until = None, as_of.until
    for loan in facts.ledger.loans.values():
        if loan.newest < until and (not loan.owed or loan.paid >= loan.owed[-1]):
            continue  # the usual case: all is paid, and nothing is dated ahead
        found = _next_of(loan, as_of, rule, terms.calendar, up)
        if found is not None and (soonest is None or found < soonest):
            soonest = found
    return soonest


def _next_of(loan: Loan, as_of: AsOf, rule: Materiality, calendar: Calendar, up: float | None) -> int | None:
    view = in_force(loan, as_of.until)
    grows = None if up is None else _grows_to(view, as_of, rule, calendar, ceil(up) + rule.grace_days)
    if loan.newest < as_of.until:
        return grows  # nothing is dated ahead
    return earliest([grows, *(moment + 1 for moment in dated_ahead(loan, as_of.until))])


def dated_ahead(loan: Loan, until: int) -> Iterator[int]:
    """Moments from `until` on at which something begins to count: a payment, or another view."""
    for view in views(loan):
        yield from (moment for moment, _ in view.items if moment >= until)
        if isinstance(view, View) and view.begin >= until:
            yield view.begin
    if loan.story is not None and loan.story.begin >= until:
        yield loan.story.begin


def _grows_to(view: Loan | View, as_of: AsOf, rule: Materiality, calendar: Calendar, target: int) -> int | None:
    """The first midnight at which the count may reach `target` days, or does so at the latest if it is on its way."""
    days, owed = view.days, view.owed
    if not days or (view.newest < as_of.until and view.paid >= owed[-1]):
        return None
    paid, fallen = paid_before(view, as_of.until), bisect_left(days, as_of.day)
    if fallen and owed[fallen - 1] > paid and (counted := overdue_days(view, as_of, rule, calendar)):
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
        why=why_better,
    )
]
