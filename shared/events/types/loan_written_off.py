"""loan.written_off: the lender gave up what was still owed."""

from typing import ClassVar

from shared.events.fields import Currency, EventData, Identifier, PositiveAmount, ValueDate


class LoanWrittenOff(EventData):
    """From `on` nothing is owed that was known when this was booked; `amount` is shown on the loan.

    A recovery payment leaves it written off; an instalment, a disbursement or a reschedule booked later counts again.
    """

    TYPE: ClassVar = "loan.written_off"
    EXAMPLE: ClassVar = {"loan_id": "L-1001", "amount": "5600.00", "currency": "NGN", "on": "2026-02-28"}

    loan_id: Identifier
    amount: PositiveAmount
    currency: Currency
    on: ValueDate
