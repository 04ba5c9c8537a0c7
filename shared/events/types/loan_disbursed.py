"""loan.disbursed: money went out, and this is when it should come back."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from shared.events.fields import Currency, Day, EventData, Identifier, PositiveAmount, Word


class Instalment(EventData):
    """One payment of a schedule."""

    due_date: Day
    amount: PositiveAmount


class LoanDisbursed(EventData):
    """A loan and, where the core system knows it, its schedule: one instalment a due date."""

    TYPE: ClassVar = "loan.disbursed"
    EXAMPLE: ClassVar = {
        "loan_id": "L-1001",
        "principal": "10000.00",
        "currency": "NGN",
        "schedule": [{"due_date": "2026-02-28", "amount": "5600.00"}, {"due_date": "2026-03-31", "amount": "5600.00"}],
    }

    loan_id: Identifier
    principal: PositiveAmount
    currency: Currency
    schedule: Annotated[list[Instalment], Field(default_factory=list, max_length=600)]
    product: Word | None = None

    @model_validator(mode="after")
    def _one_instalment_a_day(self) -> Self:
        if len({each.due_date for each in self.schedule}) != len(self.schedule):
            raise PydanticCustomError(
                "expected", "expected each due_date of the schedule once; add up what falls on one day"
            )
        return self
