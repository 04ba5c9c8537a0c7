"""Draws a loan's views anew from all that was said of it."""

from services.warning.core.facts.ledger.chain import paid_by, stretches, view_of
from services.warning.core.facts.ledger.hearing import Hearing, hear
from services.warning.core.facts.ledger.loan import Loan, View, words_of
from services.warning.core.facts.ledger.words import Lent


def draw(loan: Loan) -> None:
    """Write what is owed and paid into the loan. The cost grows with its words, so that ordinary events go without."""
    words = words_of(loan)
    heard = hear(words, loan.payments.values())
    *earlier, last = [view_of(each) for each in stretches(heard.known, paid_by(loan.payments.values()))]
    loan.currency = heard.known.plans[-1].currency
    _take(loan, last)
    if loan.story is not None:
        _mirror(loan, [each for each in words if isinstance(each, Lent)])
        _note(loan, heard, earlier, last)


def _take(loan: Loan, last: View) -> None:
    loan.days, loan.owed, loan.paid = last.days, last.owed, last.paid
    loan.newest = max(last.newest, last.begin)


def _mirror(loan: Loan, lent: list[Lent]) -> None:
    """Of the last disbursement what is asked of every loan."""
    if lent:
        last = lent[-1]
        loan.time, loan.hash, loan.key = last.time, last.hash, ""
        loan.principal, loan.product = last.principal, last.product


def _note(loan: Loan, heard: Hearing, earlier: list[View], last: View) -> None:
    story = loan.story
    assert story is not None, "the caller has seen it"
    story.earlier, story.items = earlier, last.items
    story.begin, story.by, story.known = last.begin, last.by, last.known
    story.lacks = heard.lacks
    story.foreign = sum(len(each.foreign) for each in heard.known.plans)
