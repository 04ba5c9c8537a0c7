"""How long a material amount has been owed: the counting of days past due, in one view of a loan."""

from bisect import bisect_left, bisect_right

from services.warning.core.calendar import AsOf, Calendar
from services.warning.core.facts.ledger import Loan, View, paid_before
from services.warning.core.rules.ruleset import MILLION, Materiality


def overdue_days(view: Loan | View, as_of: AsOf, rule: Materiality, calendar: Calendar) -> int:
    """Days past due before grace is taken off; 0 where nothing material is overdue.

    The smaller of the age of the oldest unpaid instalment and the unbroken run of days on which the amount overdue was
    material (EBA/GL/2016/07, paragraphs 16 to 20: the count starts when both legs are breached, anew after a break).
    """
    if not view.owed or (view.newest < as_of.until and view.paid >= view.owed[-1]):
        return 0  # the usual case: all is paid
    fallen = bisect_left(view.days, as_of.day)
    paid = paid_before(view, as_of.until)
    if not fallen or not is_material(view, view.owed[fallen - 1] - paid, paid, rule):
        return 0
    oldest = bisect_right(view.owed, paid)
    age = as_of.day - view.days[oldest]
    # What the oldest one lacks has been overdue all along: material by itself, it makes the run as long as its age.
    if is_material(view, view.owed[oldest] - paid, 0, rule):
        return age
    return min(age, _run(view, as_of.day, view.days[oldest] + 1, rule, calendar))


def is_material(view: Loan | View, overdue: int, paid: int, rule: Materiality) -> bool:
    if overdue <= rule.absolute:
        return False
    return not rule.relative or overdue * MILLION > rule.relative * (view.owed[-1] - paid)


def _run(view: Loan | View, today: int, first: int, rule: Materiality, calendar: Calendar) -> int:
    """Days up to today without a 00:00 at which the amount overdue was not material."""
    turns = {
        first,
        *(day + 1 for day in view.days),
        *(calendar.day_of(moment) + 1 for moment, _ in view.items),
    }
    days = sorted(day for day in turns if first <= day <= today)
    start = first
    for day, following in zip(days, [*days[1:], today + 1], strict=True):
        paid = paid_before(view, calendar.midnight(day))
        fallen = bisect_left(view.days, day)
        if not is_material(view, view.owed[fallen - 1] - paid, paid, rule):
            start = following
    return today + 1 - start
