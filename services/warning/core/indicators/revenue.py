"""Revenue against the year's own level."""

from typing import Any

from services.warning.core.calendar import AsOf, last_day_of
from services.warning.core.facts.revenue import Month
from services.warning.core.indicators.indicator import Indicator, Reading, Terms, only_by_events

MIN_MONTHS = 6
"""Under half a year of known months a mean of three says little about a mean of twelve: absent."""


def _window(facts: Any, as_of: AsOf) -> dict[int, Month]:
    """The known months of the twelve that end with the latest known one, in that one's currency, newest first."""
    known = {index: month for index, month in facts.revenue.months.items() if month.moment < as_of.until}
    if not known:
        return {}
    latest = max(known)
    currency = known[latest].currency
    return {
        index: known[index]
        for index in range(latest, latest - 12, -1)
        if index in known and known[index].currency == currency
    }


def change_3m(facts: Any, as_of: AsOf, terms: Terms) -> Reading | None:
    """Mean of the latest three known months over the mean of all known ones of the twelve, less one."""
    months = _window(facts, as_of)
    year = sum(month.amount for month in months.values())
    if len(months) < MIN_MONTHS or not year:
        return None
    recent = list(months.values())[:3]
    value = (sum(month.amount for month in recent) * len(months)) / (3 * year) - 1
    first = last_day_of(min(months) - 1) + 1
    return Reading(value, None, tuple(month.hash for month in months.values()), (first, last_day_of(max(months))))


def known_months(facts: Any, as_of: AsOf, terms: Terms) -> Reading | None:
    """How many of the twelve months are known; absent where none ever was."""
    months = _window(facts, as_of)
    return Reading(len(months)) if months else None


INDICATORS = [
    Indicator(
        name="revenue_change_3m",
        unit="ratio",
        whole=False,
        meaning="Mean monthly revenue of the last 3 known months against that of the last 12, as a ratio less one"
        " (-0.2: a fifth lower); absent under 6 known months",
        source="EBA/GL/2020/06 paragraph 274 (c): a decline in turnover",
        reads=frozenset({"revenue"}),
        measure=change_3m,
        next_change=only_by_events,
        absent_when="fewer than 6 of the last 12 months of revenue are known, or none of them above zero",
    ),
    Indicator(
        name="revenue_months",
        unit="months",
        whole=True,
        meaning="Known months of revenue among the 12 that end with the latest known one",
        source="Bellwether: a guard for revenue_change_3m",
        reads=frozenset({"revenue"}),
        measure=known_months,
        next_change=only_by_events,
        absent_when="no month of revenue was ever reported",
    ),
]
