"""revenue.reported: what a business sold in a month."""

from typing import ClassVar

from shared.events.fields import Amount, Currency, EventData, Month


class RevenueReported(EventData):
    """One calendar month's revenue. For one month the newest replaces the others."""

    TYPE: ClassVar = "revenue.reported"
    EXAMPLE: ClassVar = {"month": "2026-02", "amount": "820000.00", "currency": "NGN"}

    month: Month
    amount: Amount
    currency: Currency
