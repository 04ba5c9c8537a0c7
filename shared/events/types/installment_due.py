"""installment.due: a payment falls due; for a core system that sends no schedule with the loan."""

from typing import ClassVar

from shared.events.fields import Currency, Day, EventData, Identifier, PositiveAmount


class InstallmentDue(EventData):
    """One instalment of a loan. For one loan and due date the newest replaces the others, the schedule's too."""

    TYPE: ClassVar = "installment.due"
    EXAMPLE: ClassVar = {"loan_id": "L-1001", "due_date": "2026-04-30", "amount": "5600.00", "currency": "NGN"}

    loan_id: Identifier
    due_date: Day
    amount: PositiveAmount
    currency: Currency
