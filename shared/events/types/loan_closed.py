"""loan.closed: the loan has ended and owes nothing more."""

from typing import ClassVar

from shared.events.fields import EventData, Identifier, ValueDate


class LoanClosed(EventData):
    """From `closed_on` nothing is owed that was known when this was booked, so a settlement for less stays settled.

    A reversal, an instalment, a disbursement or a reschedule booked later opens the loan again.
    """

    TYPE: ClassVar = "loan.closed"
    EXAMPLE: ClassVar = {"loan_id": "L-1001", "closed_on": "2026-03-30"}

    loan_id: Identifier
    closed_on: ValueDate
