"""A borrower as of a moment, for people: each indicator, each loan, and the level its warnings make together."""

from collections.abc import Iterable
from typing import NamedTuple

from services.warning.core.borrower import Borrower
from services.warning.core.calendar import AsOf
from services.warning.core.facts.amounts import PER_UNIT
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


def readings(borrower: Borrower, as_of: AsOf, terms: Terms) -> dict[str, Reading | None]:
    """Every indicator of the catalogue; None where it is absent."""
    return {name: each.measure(borrower.facts, as_of, terms) for name, each in CATALOGUE.items()}


def loans(borrower: Borrower, as_of: AsOf, terms: Terms) -> list[LoanStanding]:
    """The loans in the ledger, the one longest past due first."""
    rule = terms.materiality_for(borrower.facts.profile.kind)
    found = [
        LoanStanding(
            loan_id,
            past_due(loan, as_of, rule, terms.calendar),
            loan.currency,
            _decimal(loan.owed[-1] if loan.owed else 0),
            _decimal(loan.paid),
            loan.closed is not None and loan.closed.moment < as_of.until,
        )
        for loan_id, loan in borrower.facts.ledger.loans.items()
    ]
    return sorted(found, key=lambda each: (-each.days_past_due, each.loan_id))


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


def _decimal(ten_thousandths: int) -> str:
    whole, fraction = divmod(ten_thousandths, PER_UNIT)
    return f"{whole}.{fraction:04}".rstrip("0").rstrip(".")
