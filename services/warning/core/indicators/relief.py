"""Why a loan is less past due, or not any more, where nobody paid: it was rescheduled, or written off.

Told by the facts as of the look that eases or ends a warning, so that a reschedule dated ahead, which the clock finds,
is told as one that an event brings.
"""

from typing import Any

from services.warning.core.calendar import AsOf, Calendar
from services.warning.core.facts.ledger import Chapter, Loan, View, chapters
from services.warning.core.indicators.arrears import overdue_days
from services.warning.core.indicators.indicator import Terms
from services.warning.core.rules.ruleset import Materiality


def why_better(facts: Any, as_of: AsOf, terms: Terms, loan_id: str | None, raised: AsOf) -> str | None:
    """`rescheduled` where the plan in force began, or was booked, since the raise, the one before was late by then, and
    it never was itself; `written_off` where a write-off counts since."""
    loan = facts.ledger.loans.get(loan_id) if loan_id else None
    if loan is None or loan.story is None:
        return None
    rule = terms.materiality_for(facts.profile.kind)
    begun = [each for each in chapters(loan) if each.begin < as_of.until]
    while len(begun) > 1 and max(begun[-1].begin, begun[-1].known) >= raised.at:
        last = begun.pop()
        if last.by == "written_off":
            return last.by
        if last.by != "rescheduled" or _was_late(last, as_of, rule, terms.calendar):
            return None
        if _late_at(begun[-1].view, max(last.begin, raised.until), rule, terms.calendar):
            return last.by
    return None


def _was_late(chapter: Chapter, as_of: AsOf, rule: Materiality, calendar: Calendar) -> bool:
    """Whether something was overdue at any time since it began: that begins when a due date has passed."""
    moments = (max(chapter.begin + 1, calendar.midnight(day + 1)) for day in chapter.view.days if day < as_of.day)
    return any(_late_at(chapter.view, moment, rule, calendar) for moment in moments)


def _late_at(view: Loan | View, moment: int, rule: Materiality, calendar: Calendar) -> bool:
    return overdue_days(view, calendar.on_due(moment), rule, calendar) > 0
