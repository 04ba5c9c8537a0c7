"""Revenue against the year's own level."""

from typing import Any

from services.warning.core.calendar import AsOf, last_day_of
from services.warning.core.facts.revenue import WINDOW_MONTHS, Month
from services.warning.core.indicators.indicator import Indicator, Reading, Terms, only_by_events

MIN_MONTHS = 6
"""Under half a year of known months a mean of three says little about a mean of twelve: absent."""


def _window(facts: Any, as_of: AsOf) -> list[int]:
    """The known months of the twelve that end with the latest known one, in that one's currency, newest first."""
    months, until = facts.revenue.months, as_of.until
    known = sorted([index for index, month in months.items() if month.moment < until], reverse=True)
    if not known:
        return []
    first, currency = known[0] - WINDOW_MONTHS, months[known[0]].currency
    return [index for index in known if index > first and months[index].currency == currency]


def change(facts: Any, as_of: AsOf, terms: Terms) -> float | None:
    """Mean of the latest three known months over the mean of all known ones of the twelve, less one."""
    months: dict[int, Month] = facts.revenue.months
    if len(months) < MIN_MONTHS:
        return None
    amounts = [months[index].amount for index in _window(facts, as_of)]
    year = sum(amounts)
    if len(amounts) < MIN_MONTHS or year <= 0:
        return None  # of a year that sold nothing, or took back more than it sold, nothing is a part
    return (sum(amounts[:3]) * len(amounts)) / (3 * year) - 1


def change_3m(facts: Any, as_of: AsOf, terms: Terms) -> Reading | None:
    """The change, and the months it was taken over."""
    value = change(facts, as_of, terms)
    if value is None:
        return None
    months, window = facts.revenue.months, _window(facts, as_of)
    days = last_day_of(window[-1] - 1) + 1, last_day_of(window[0])
    return Reading(value, None, tuple(months[index].hash for index in window), days)


def count_months(facts: Any, as_of: AsOf, terms: Terms) -> int | None:
    """How many of the twelve months are known; absent where none ever was."""
    return len(_window(facts, as_of)) or None


def known_months(facts: Any, as_of: AsOf, terms: Terms) -> Reading | None:
    """The count."""
    count = count_months(facts, as_of, terms)
    return None if count is None else Reading(count)


INDICATORS = [
    Indicator(
        name="revenue_change_3m",
        unit="ratio",
        whole=False,
        meaning="Mean monthly revenue of the last 3 known months against that of the last 12, as a ratio less one"
        " (-0.2: a fifth lower; under -1 where more was taken back than sold); absent under 6 known months",
        source="EBA/GL/2020/06 paragraph 274 (c): a decline in turnover",
        reads=frozenset({"revenue"}),
        value=change,
        measure=change_3m,
        next_change=only_by_events,
        absent_when="fewer than 6 of the last 12 months of revenue are known, or they add up to nothing or less",
    ),
    Indicator(
        name="revenue_months",
        unit="months",
        whole=True,
        meaning="Known months of revenue among the 12 that end with the latest known one",
        source="Bellwether: a guard for revenue_change_3m",
        reads=frozenset({"revenue"}),
        value=count_months,
        measure=known_months,
        next_change=only_by_events,
        absent_when="no month of revenue was ever reported",
    ),
]
