"""Draws a loan's views anew from all that was said of it."""

from services.warning.core.facts.ledger.chain import paid_by, stretches, view_of
from services.warning.core.facts.ledger.hearing import Hearing, hear
from services.warning.core.facts.ledger.loan import Loan, Story, View
from services.warning.core.facts.ledger.words import Lent


def draw(loan: Loan) -> None:
    """Write what is owed and paid into the loan. The cost grows with its words, so that ordinary events go without."""
    if loan.story is None:
        _draw_plain(loan)
    else:
        _draw_story(loan, loan.story)


def _draw_plain(loan: Loan) -> None:
    """The usual case: nothing was said twice, so what the schedule and the single instalments say is all there is."""
    if loan.time < 0 and loan.dues:
        loan.currency = next(iter(loan.dues.values())).currency
    owed = [each for each in loan.schedule if each[0] not in loan.dues]
    owed += [(day, due.amount) for day, due in loan.dues.items()]
    owed = sorted([each for each in owed if each[1]])
    total = 0
    loan.days = [day for day, _ in owed]
    loan.owed = [total := total + amount for _, amount in owed]
    paid = [each for each in loan.items if each[1]]
    loan.paid = sum([amount for _, amount in paid])
    loan.newest = max([moment for moment, _ in paid], default=-1)


def _draw_story(loan: Loan, story: Story) -> None:
    words = story.words
    heard = hear(words, loan.payments.values())
    *earlier, last = [view_of(each) for each in stretches(heard.known, paid_by(loan.payments.values()))]
    loan.currency = heard.known.plans[-1].currency
    loan.days, loan.owed, loan.paid = last.days, last.owed, last.paid
    loan.newest = max(last.newest, last.begin)
    _mirror(loan, [each for each in words if isinstance(each, Lent)])
    _note(story, heard, earlier, last)


def _mirror(loan: Loan, lent: list[Lent]) -> None:
    """Of the last disbursement what is asked of every loan."""
    if lent:
        last = lent[-1]
        loan.time, loan.hash, loan.key = last.time, last.hash, ""
        loan.principal, loan.product = last.principal, last.product


def _note(story: Story, heard: Hearing, earlier: list[View], last: View) -> None:
    story.earlier, story.items = earlier, last.items
    story.begin, story.by, story.known = last.begin, last.by, last.known
    story.lacks = heard.lacks
    story.foreign = sum(len(each.foreign) for each in heard.known.plans)
