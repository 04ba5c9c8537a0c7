"""installment.due: a payment falls due; for a core system that sends instalments one by one, or moves one."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.fields import Amount, Currency, Day, EventData, Identifier
from shared.events.schedule import InstallmentId


class InstallmentDue(EventData):
    """One instalment of a loan, owed from its due date on.

    A later word on an `installment` moves its day and its amount. Without one the due date is the identity, and the
    word takes the place of every older instalment of that day, the schedule's too. An amount of 0 takes it back.
    """

    TYPE: ClassVar = "installment.due"
    EXAMPLE: ClassVar = {"loan_id": "L-1001", "due_date": "2026-04-30", "amount": "5600.00", "currency": "NGN"}

    loan_id: Identifier
    due_date: Day
    amount: Amount
    currency: Currency
    installment: Annotated[
        InstallmentId | None,
        Field(description="Which one it is, so that it can be moved; without it the due date says so"),
    ] = None
