"""repayment.received: the borrower paid."""

from typing import ClassVar

from shared.events.fields import Currency, EventData, Identifier, PositiveAmount, ValueDate


class RepaymentReceived(EventData):
    """Money that counts towards a loan from its value date on, the oldest unpaid instalment first."""

    TYPE: ClassVar = "repayment.received"
    EXAMPLE: ClassVar = {"loan_id": "L-1001", "amount": "5600.00", "currency": "NGN", "value_date": "2026-02-27"}

    loan_id: Identifier
    amount: PositiveAmount
    currency: Currency
    value_date: ValueDate
