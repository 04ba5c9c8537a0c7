"""repayment.reversed: a payment was taken back (a returned debit, a booking error)."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.attributes import EventId
from shared.events.fields import Currency, EventData, Identifier, PositiveAmount, ValueDate


class RepaymentReversed(EventData):
    """An earlier payment, or `amount` of it, never happened: what it had paid is owed from its due date on.

    It repeats what that payment said, so it may arrive first. More than is left of the payment, another currency or
    another loan than the payment's is a dead letter, `reversal_mismatch`.
    """

    TYPE: ClassVar = "repayment.reversed"
    EXAMPLE: ClassVar = {
        "repayment_id": "pay-77",
        "loan_id": "L-1001",
        "amount": "5600.00",
        "currency": "NGN",
        "value_date": "2026-02-27",
    }

    repayment_id: Annotated[EventId, Field(description="`id` of the repayment.received event of the same source")]
    loan_id: Identifier
    amount: Annotated[
        PositiveAmount | None, Field(description="How much of it; without it all that is left of the payment")
    ] = None
    currency: Currency
    value_date: ValueDate
