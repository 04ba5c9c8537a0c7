"""Loans as they were stored before closings were words of a story (engine of commit f8f0273 and earlier)."""

from services.warning.core.calendar import DAY, EPOCH_DAY
from services.warning.core.facts.ledger.drawing import draw
from services.warning.core.facts.ledger.loan import Loan, story_of
from services.warning.core.facts.ledger.words import Settled


def adopt(loan: Loan) -> None:
    """Make a word of the closing. What was known when it was booked is told by the payments' own moments."""
    closing, loan.closed = loan.closed, None
    assert closing is not None, "the caller has seen it"
    day = closing.moment // DAY + EPOCH_DAY
    story = story_of(loan)
    story.words.append(Settled(closing.time, "", closing.hash, day, closing.moment))
    story.words.sort(key=lambda each: each.order)
    draw(loan)
