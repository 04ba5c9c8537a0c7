"""A borrower as of a moment, for people: each indicator, each loan, and the level its warnings make together."""

from collections.abc import Iterable
from typing import NamedTuple

from services.warning.core.borrower import Borrower
from services.warning.core.calendar import AsOf
from services.warning.core.changes import iso_day
from services.warning.core.facts.amounts import decimal
from services.warning.core.facts.ledger.loan import Loan
from services.warning.core.facts.ledger.standing import standing
from services.warning.core.facts.ledger.words import Settled
from services.warning.core.indicators import CATALOGUE, Reading
from services.warning.core.indicators.days_past_due import past_due
from services.warning.core.indicators.indicator import Terms
from services.warning.core.rules.ruleset import LEVELS


class LoanStanding(NamedTuple):
    """One loan. Amounts are decimal strings in its currency; None where nobody disbursed it."""

    loan_id: str
    days_past_due: int
    currency: str | None
    scheduled: str
    paid: str
    closed: bool
    written_off: dict[str, str] | None
    """`amount`, `currency` and `on` of the write-off that holds."""
    lacks: list[str]
    """Days that the last disbursement should have repeated."""
    reversals_alone: int
    """Reversals whose payment did not come within the lateness bound."""


def readings(borrower: Borrower, as_of: AsOf, terms: Terms) -> dict[str, Reading | None]:
    """Every indicator of the catalogue; None where it is absent."""
    return {name: each.measure(borrower.facts, as_of, terms) for name, each in CATALOGUE.items()}


def loans(borrower: Borrower, as_of: AsOf, terms: Terms) -> list[LoanStanding]:
    """The loans in the ledger, the one longest past due first."""
    rule = terms.materiality_for(borrower.facts.profile.kind)
    found = [
        _standing(loan_id, loan, past_due(loan, as_of, rule, terms.calendar), as_of.until)
        for loan_id, loan in borrower.facts.ledger.loans.items()
    ]
    return sorted(found, key=lambda each: (-each.days_past_due, each.loan_id))


def _standing(loan_id: str, loan: Loan, late: int, until: int) -> LoanStanding:
    stands = standing(loan, until)
    return LoanStanding(
        loan_id,
        late,
        stands.currency,
        decimal(stands.scheduled),
        decimal(stands.paid),
        stands.closed,
        _given_up(stands.written_off) if stands.written_off is not None else None,
        [iso_day(each) for each in loan.story.lacks] if loan.story else [],
        loan.alone,
    )


def _given_up(word: Settled) -> dict[str, str]:
    return {"amount": decimal(word.amount), "currency": word.currency or "", "on": iso_day(word.day)}


def overall_level(warnings: Iterable[tuple[str, str]]) -> str | None:
    """The level of open (family, level) pairs: the highest, and one higher where a second family is at it too.

    Families draw on different facts, so that two of them agreeing says more than either alone.
    """
    found = [(LEVELS.index(level), family) for family, level in warnings]
    if not found:
        return None
    highest = max(level for level, _ in found)
    agreeing = {family for level, family in found if level == highest}
    return LEVELS[min(highest + (len(agreeing) > 1), len(LEVELS) - 1)]
