"""The ledger of one borrower."""

import msgspec

from services.warning.core.facts.ledger.adopting import adopt
from services.warning.core.facts.ledger.loan import Loan, Taken


class Reversal(msgspec.Struct, array_like=True, gc=False):
    """A reversal that waits for its payment."""

    loan_id: str
    currency: str
    taken: Taken
    said: bool = False
    """It has been remarked on that the payment does not come."""


class Ledger(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """Loans by their id. `ever` stays true when the last of them is forgotten."""

    loans: dict[str, Loan] = {}
    ever: bool = False
    returned: dict[int, list[Reversal]] = {}
    """By hash of a payment's event that has not come."""

    def __post_init__(self) -> None:
        for loan in self.loans.values():
            if loan.closed is not None:
                adopt(loan)


def loan_of(state: Ledger, loan_id: str, time: int) -> Loan:
    """The loan of that id, touched by an event of that time."""
    loan = state.loans.get(loan_id)
    if loan is None:
        loan = state.loans[loan_id] = Loan()
        state.ever = True
    if time > loan.touched:
        loan.touched = time
    return loan
