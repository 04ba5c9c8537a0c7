"""exposure.reported: what the borrower owes to another lender (a credit bureau's or a register's report)."""

from typing import ClassVar

from shared.events.fields import Amount, Currency, Day, EventData, Identifier


class ExposureReported(EventData):
    """What is owed to one other lender on a day; for one lender, day and currency the newest replaces the others."""

    TYPE: ClassVar = "exposure.reported"
    EXAMPLE: ClassVar = {"lender": "bank-17", "balance": "150000.00", "currency": "NGN", "as_of": "2026-02-28"}

    lender: Identifier
    balance: Amount
    currency: Currency
    as_of: Day
