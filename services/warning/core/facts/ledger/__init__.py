"""The loan ledger: what fell due, what was paid, what was taken back. `docs/ledger.md` says what each event means.

A loan remembers what was said of it (`loan.py`, `words.py`). Words are heard in their order (`hearing.py`), which makes
plans (`plans.py`); plans and payments make views of what is owed and paid (`chain.py`), and those are drawn into the
loan (`drawing.py`) for indicators to ask. Most events do without and add to what is drawn (`telling.py`, `paying.py`).
"""

from services.warning.core.facts.family import Family
from services.warning.core.facts.ledger.loan import Chapter, Loan, View, chapters, in_force, paid_before, views
from services.warning.core.facts.ledger.paying import check_reversal, received, reversed_
from services.warning.core.facts.ledger.pruning import prune
from services.warning.core.facts.ledger.reading import (
    InstallmentDue,
    LoanClosed,
    LoanDisbursed,
    LoanRescheduled,
    LoanWrittenOff,
    RepaymentReceived,
    RepaymentReversed,
)
from services.warning.core.facts.ledger.state import Ledger
from services.warning.core.facts.ledger.telling import closed, disbursed, fell_due, rescheduled, written_off

__all__ = ["FAMILY", "REMARKS", "Chapter", "Ledger", "Loan", "View", "chapters", "in_force", "paid_before", "views"]

REMARKS = ("lacks_past", "other_currency", "reversal_void", "reversal_alone")
"""The names of all that it may remark on."""


def holds(state: Ledger, event_hash: int) -> bool:
    """Whether an item of this event is among the facts."""
    waiting = (each.taken.hash for some in state.returned.values() for each in some)
    return any(each == event_hash for each in waiting) or any(_said(loan, event_hash) for loan in state.loans.values())


def _said(loan: Loan, event_hash: int) -> bool:
    words = [loan.hash, *(due.hash for due in loan.dues.values())]
    if loan.story is not None:
        words += [each.hash for each in loan.story.words]
    return (
        event_hash in words
        or event_hash in loan.payments
        or event_hash in loan.reversed
        or any(each.hash == event_hash for payment in loan.payments.values() for each in payment.taken)
    )


FAMILY = Family(
    "ledger",
    Ledger,
    {
        "loan.disbursed": (LoanDisbursed, disbursed),
        "installment.due": (InstallmentDue, fell_due),
        "repayment.received": (RepaymentReceived, received),
        "repayment.reversed": (RepaymentReversed, reversed_),
        "loan.closed": (LoanClosed, closed),
        "loan.rescheduled": (LoanRescheduled, rescheduled),
        "loan.written_off": (LoanWrittenOff, written_off),
    },
    holds,
    prune,
    {"repayment.reversed": check_reversal},
)
