"""How a loan stands as of a moment, for people."""

from typing import NamedTuple

from services.warning.core.facts.ledger.chain import paid_by, stretches
from services.warning.core.facts.ledger.hearing import hear
from services.warning.core.facts.ledger.loan import Loan, Story, in_force, paid_before
from services.warning.core.facts.ledger.words import Settled


class Standing(NamedTuple):
    """Amounts in ten-thousandths of the plan's currency."""

    currency: str | None
    scheduled: int
    """All that falls due by the plan in force."""
    paid: int
    """What counts towards it by now."""
    closed: bool
    written_off: Settled | None
    """The write-off that holds: nothing is owed since."""


def standing(loan: Loan, until: int) -> Standing:
    """The loan as of a moment."""
    if loan.story is None:
        return Standing(loan.currency, loan.owed[-1] if loan.owed else 0, paid_before(loan, until), False, None)
    return _storied(loan, loan.story, until)


def _storied(loan: Loan, story: Story, until: int) -> Standing:
    heard = hear(story.words, loan.payments.values())
    found = [each for each in stretches(heard.known, paid_by(loan.payments.values())) if each.begin < until]
    plan = found[-1].plan
    of_plan = [each for each in found if each.plan is plan]
    paid = sum(amount for each in of_plan for moment, amount in each.items if moment < until)
    marks = {(each.mark.moment, each.mark.time, each.mark.by) for each in of_plan if each.mark is not None}
    view = in_force(loan, until)
    settled = not view.owed or view.owed[-1] <= paid_before(view, until)
    given_up = [each for each in heard.settled if (each.moment, each.time, "written_off") in marks and each.amount >= 0]
    return Standing(
        plan.currency,
        sum(each.amount for each in plan.owed),
        paid,
        settled and any(by == "closed" for _, _, by in marks),
        given_up[-1] if settled and given_up else None,
    )
