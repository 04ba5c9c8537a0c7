"""Days until the next instalment falls due that is not paid for yet: what a reminder before the due date goes by."""

from bisect import bisect_left, bisect_right
from math import floor
from typing import Any

from services.warning.core.calendar import AsOf
from services.warning.core.facts.ledger import Loan, View, in_force, paid_before, views
from services.warning.core.indicators.arrears import is_material, overdue_days
from services.warning.core.indicators.days_past_due import contributions, dated_ahead
from services.warning.core.indicators.indicator import Indicator, Reading, Terms, earliest
from services.warning.core.rules.ruleset import Materiality

FARTHEST = 31
"""Days that are counted: a month ahead nobody is reminded of anything."""
NEVER = 1 << 63


def _next_due(loan: Loan, as_of: AsOf, rule: Materiality, terms: Terms) -> int | None:
    """The day of the loan's next unpaid instalment; None where there is none, or where the loan is in arrears.

    One that another view will have replaced by its day is passed over.
    """
    view = in_force(loan, as_of.until)
    if overdue_days(view, as_of, rule, terms.calendar):
        return None
    if view is loan:
        return _next_in(loan, as_of, as_of.day, NEVER, rule, terms)
    every = list(views(loan))
    begins = [*(each.begin for each in every if isinstance(each, View)), loan.story.begin if loan.story else -1]
    first = every.index(view)
    for each, begin, end in zip(every[first:], begins[first:], [*begins[first + 1 :], NEVER], strict=True):
        found = _next_in(each, as_of, max(as_of.day, terms.calendar.day_of(max(0, begin))), end, rule, terms)
        if found is not None:
            return found
    return None


def _next_in(view: Loan | View, as_of: AsOf, day: int, end: int, rule: Materiality, terms: Terms) -> int | None:
    """The next unpaid instalment of a view from a day on, if that day has ended when the view does."""
    if not view.owed or view.days[-1] < day:
        return None
    paid = paid_before(view, as_of.until)
    first = max(bisect_left(view.days, day), bisect_right(view.owed, paid))
    lacking = (each for each in range(first, len(view.days)) if is_material(view, view.owed[each] - paid, paid, rule))
    found = next(lacking, None)
    return None if found is None or terms.calendar.midnight(view.days[found] + 1) > end else view.days[found]


def value(facts: Any, as_of: AsOf, terms: Terms) -> int | None:
    """The fewest over the borrower's loans."""
    if not facts.ledger.ever:
        return None
    rule = terms.materiality_for(facts.profile.kind)
    found = (_next_due(loan, as_of, rule, terms) for loan in facts.ledger.loans.values())
    return min((day - as_of.day for day in found if day is not None and day - as_of.day < FARTHEST), default=FARTHEST)


def measure(facts: Any, as_of: AsOf, terms: Terms) -> Reading | None:
    """The fewest over the borrower's loans, and which it is; of equals, the smallest loan id."""
    fewest = value(facts, as_of, terms)
    if fewest is None or fewest == FARTHEST:
        return None if fewest is None else Reading(fewest)
    rule = terms.materiality_for(facts.profile.kind)
    day, loans = as_of.day + fewest, facts.ledger.loans
    named = min(each for each in loans if _next_due(loans[each], as_of, rule, terms) == day)
    return Reading(fewest, named, contributions(loans[named]), (as_of.day, day))


def next_change(facts: Any, as_of: AsOf, terms: Terms, _up: float | None, down: float | None) -> int | None:
    """The days grow fewer by one a day, and jump when the instalment's day is over or an item dated ahead counts."""
    rule = terms.materiality_for(facts.profile.kind)
    return earliest([_next_of(loan, as_of, rule, terms, down) for loan in facts.ledger.loans.values()])


def _next_of(loan: Loan, as_of: AsOf, rule: Materiality, terms: Terms, down: float | None) -> int | None:
    ahead = [moment + 1 for moment in dated_ahead(loan, as_of.until)] if loan.newest >= as_of.until else []
    day = _next_due(loan, as_of, rule, terms)
    if day is not None:
        ahead.append(terms.calendar.midnight(day + 1))
        if down is not None and day - floor(down) > as_of.day:
            ahead.append(terms.calendar.midnight(day - floor(down)))
    return earliest(ahead)


INDICATORS = [
    Indicator(
        name="days_until_due",
        unit="days",
        whole=True,
        meaning="Calendar days until the next instalment that is not paid for falls due, over the loans not in arrears;"
        f" {FARTHEST} where none does within {FARTHEST} days",
        source="A reminder before the due date is the gentlest of all measures; how early is the lender's to set",
        reads=frozenset({"ledger", "profile"}),
        value=value,
        measure=measure,
        next_change=next_change,
        absent_when="no loan of this borrower was ever reported",
        per_loan=True,
    )
]
