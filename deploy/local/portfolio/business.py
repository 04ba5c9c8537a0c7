"""What else a lender learns: an enterprise's monthly revenue, and debts to other lenders from the credit bureau."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import cos, pi

from deploy.local.portfolio.journal import CURRENCY, Journal, money

MONTHS_KNOWN_AT_START = 9
BUREAU_DELAY_DAYS = 2


@dataclass(frozen=True)
class Trade:
    """An enterprise's sales: a usual month in minor units, a season's swing, and a monthly decline from a day on."""

    usual: int
    season: float = 0.0
    decline: float = 0.0
    declines_from: date = date.max

    def revenue(self, month: date, noise: float) -> int:
        """Minor units sold in the month that starts on `month`; `noise` is a factor around 1."""
        swing = 1 + self.season * cos(2 * pi * (month.month - 12) / 12)
        months = max(0, (month.year - self.declines_from.year) * 12 + month.month - self.declines_from.month)
        return round(self.usual * swing * (1 - self.decline) ** months * noise)


@dataclass(frozen=True)
class OtherLoan:
    """A debt at another lender: since when, how much at first, and its change a month."""

    lender: str
    since: date
    balance: int
    monthly_change: float


def report_revenue(journal: Journal, trade: Trade, *, joined: date) -> None:
    """Write the months known when the borrower joined, then each month a few days after its end."""
    start = _months_after(joined.replace(day=1), -MONTHS_KNOWN_AT_START)
    delay = journal.chance.randint(3, 12)
    for offset in range(MONTHS_KNOWN_AT_START + 13):
        month = _months_after(start, offset)
        known = max(joined, _months_after(month, 1) + timedelta(days=delay))
        if month >= joined.replace(day=1) or offset < MONTHS_KNOWN_AT_START:
            amount = trade.revenue(month, journal.chance.gauss(1, 0.05))
            journal.write(known, "revenue.reported", _revenue(month, amount))


def report_exposures(journal: Journal, loans: Sequence[OtherLoan]) -> None:
    """Write each debt when the bureau first sees it, then once a month."""
    for loan in loans:
        day, balance = loan.since, float(loan.balance)
        while day < journal.calendar.end:
            seen = day + timedelta(days=BUREAU_DELAY_DAYS)
            journal.write(seen, "exposure.reported", _exposure(loan.lender, round(balance), day))
            balance = max(0.0, balance * (1 + loan.monthly_change * journal.chance.uniform(0.5, 1.5)))
            day += timedelta(days=30)


def _months_after(month: date, months: int) -> date:
    total = month.year * 12 + month.month - 1 + months
    return date(total // 12, total % 12 + 1, 1)


def _revenue(month: date, amount: int) -> dict[str, str]:
    return {"month": f"{month:%Y-%m}", "amount": money(max(0, amount)), "currency": CURRENCY}


def _exposure(lender: str, balance: int, as_of: date) -> dict[str, str]:
    return {"lender": lender, "balance": money(balance), "currency": CURRENCY, "as_of": as_of.isoformat()}
