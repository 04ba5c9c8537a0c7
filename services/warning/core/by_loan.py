"""A borrower's loans one by one: the facts as they look from one loan, and which loans need no look."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.warning.core.calendar import AsOf
from services.warning.core.facts import FAMILIES
from services.warning.core.facts.ledger import Ledger, Loan
from services.warning.core.indicators.indicator import Indicator, Reading, Terms, only_by_events


class LoanFacts:
    """The facts with one loan alone in the ledger; all else is the borrower's. `whole` has every loan.

    To begin with that one is any that is `resting`: of it the same is measured as of a loan nobody spoke of.
    """

    __slots__ = (*FAMILIES, "whole")
    ledger: Ledger

    def __init__(self, whole: Any) -> None:
        self.whole = whole
        for name in FAMILIES:
            setattr(self, name, getattr(whole, name))
        self.ledger = _AT_REST

    def of(self, loan_id: str, loan: Loan) -> "LoanFacts":
        """From now on the facts of this loan: one object for them all, since a borrower may have hundreds."""
        self.ledger = Ledger({loan_id: loan}, ever=True)
        return self


_AT_REST = Ledger({"": Loan()}, ever=True)


def resting(loan: Loan, until: int) -> bool:
    """Whether nothing of it is unpaid and nothing is dated ahead of `until`: only an event can move it."""
    return loan.newest < until and (not loan.owed or loan.paid >= loan.owed[-1])


def seen_from_a_loan(catalogue: Mapping[str, Indicator]) -> dict[str, Indicator]:
    """The catalogue for LoanFacts: what is per loan is the loan's, all else the borrower's."""
    return {name: each if each.per_loan else _of_the_whole(each) for name, each in catalogue.items()}


def _of_the_whole(indicator: Indicator) -> Indicator:
    def value(facts: LoanFacts, as_of: AsOf, terms: Terms) -> float | int | None:
        return indicator.value(facts.whole, as_of, terms)

    def measure(facts: LoanFacts, as_of: AsOf, terms: Terms) -> Reading | None:
        return indicator.measure(facts.whole, as_of, terms)

    def next_change(facts: LoanFacts, as_of: AsOf, terms: Terms, up: float | None, down: float | None) -> int | None:
        return indicator.next_change(facts.whole, as_of, terms, up, down)

    moved = only_by_events if indicator.next_change is only_by_events else next_change
    return replace(indicator, value=value, measure=measure, next_change=moved)
