"""loan.rescheduled: lender and borrower agreed on another plan."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events.fields import Currency, Day, EventData, Identifier
from shared.events.schedule import Schedule


class LoanRescheduled(EventData):
    """What is still to come from `effective_on` on, and nothing else; what was unpaid before is in the new schedule.

    Payments valued before that day pay the old plan only, later ones the new one only, and days past due start anew. In
    another currency it is the loan's redenomination.
    """

    TYPE: ClassVar = "loan.rescheduled"
    EXAMPLE: ClassVar = {
        "loan_id": "L-1001",
        "effective_on": "2026-03-15",
        "currency": "NGN",
        "schedule": [{"due_date": "2026-04-30", "amount": "2900.00"}, {"due_date": "2026-05-31", "amount": "2900.00"}],
        "reason": "difficulty",
    }

    loan_id: Identifier
    effective_on: Day
    currency: Currency
    schedule: Schedule
    reason: Annotated[
        Literal["difficulty", "commercial"],
        Field(description="Whether the borrower could not pay as agreed, or the two wanted other terms"),
    ]
