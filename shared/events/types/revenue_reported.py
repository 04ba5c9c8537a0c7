"""revenue.reported: what a business sold in a month."""

from typing import ClassVar

from shared.events.fields import Currency, EventData, Period, SignedAmount


class RevenueReported(EventData):
    """One calendar month's revenue, below zero where credit notes exceeded sales. For one month the newest replaces the
    others."""

    TYPE: ClassVar = "revenue.reported"
    EXAMPLE: ClassVar = {"month": "2026-02", "amount": "820000.00", "currency": "NGN"}

    month: Period
    amount: SignedAmount
    currency: Currency
