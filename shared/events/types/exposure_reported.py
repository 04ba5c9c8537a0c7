"""exposure.reported: what the borrower owes to another lender (a credit bureau's or a register's report)."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from shared.events.fields import Amount, Currency, Day, EventData, Identifier, ValueDate


class ExposureReported(EventData):
    """What is owed to one other lender on a day; for one lender, day and currency the newest replaces the others.

    A lender to whom nothing is owed (a closed account) is none that the borrower owes to.
    """

    TYPE: ClassVar = "exposure.reported"
    EXAMPLE: ClassVar = {
        "lender": "bank-17",
        "balance": "150000.00",
        "currency": "NGN",
        "as_of": "2026-02-28",
        "opened_on": "2025-11-03",
    }

    lender: Identifier
    balance: Amount
    currency: Currency
    as_of: ValueDate
    opened_on: Annotated[
        Day | None,
        Field(description="When the debt began; without it, it counts as begun on the first day it was reported for"),
    ] = None

    @model_validator(mode="after")
    def _opened_before(self) -> Self:
        if self.opened_on is not None and self.opened_on > self.as_of:
            said = {"as_of": str(self.as_of), "opened_on": str(self.opened_on)}
            raise PydanticCustomError(
                "expected", "expected opened_on on or before as_of, {as_of}; got {opened_on}", said
            )
        return self
