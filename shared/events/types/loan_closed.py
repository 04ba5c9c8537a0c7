"""loan.closed: the loan has ended and owes nothing more."""

from typing import ClassVar

from shared.events.fields import EventData, Identifier, ValueDate


class LoanClosed(EventData):
    """From `closed_on` the loan is out of the ledger, whatever was still unpaid."""

    TYPE: ClassVar = "loan.closed"
    EXAMPLE: ClassVar = {"loan_id": "L-1001", "closed_on": "2026-03-30"}

    loan_id: Identifier
    closed_on: ValueDate
