"""loan.disbursed: money went out, and this is when it should come back."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from shared.events.fields import Currency, EventData, Identifier, PositiveAmount, ValueDate, Word
from shared.events.schedule import Schedule


class PaymentSoFar(EventData):
    """A payment made before the lender told of the loan, in the loan's currency."""

    repayment_id: str = Field(
        min_length=1,
        max_length=200,
        description="`id` that its own repayment.received event of the same source has or would have: it counts once",
    )
    amount: PositiveAmount
    value_date: ValueDate


class LoanDisbursed(EventData):
    """A loan and, where the core system knows it, its schedule: the whole truth as of its time, the past included.

    A later one corrects everything: it takes the place of the earlier schedule, of older installment.due and of older
    loan.rescheduled, so it must repeat what fell due and was paid. After a closing, with days after it only, it begins
    a second cycle. A plan for what is still to come is a loan.rescheduled.
    """

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
    schedule: Annotated[Schedule, Field(default_factory=list)]
    product: Word | None = None
    payments: Annotated[
        list[PaymentSoFar],
        Field(
            default_factory=list,
            max_length=600,
            description="What was paid so far, so that a running loan is judged once, as it stands",
        ),
    ]

    @model_validator(mode="after")
    def _each_payment_once(self) -> Self:
        if len({each.repayment_id for each in self.payments}) != len(self.payments):
            raise PydanticCustomError("expected", "expected each repayment_id of the payments once")
        return self
