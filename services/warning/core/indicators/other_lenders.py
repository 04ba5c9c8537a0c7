"""What the borrower does at other lenders."""

from math import ceil
from typing import Any

from services.warning.core.calendar import AsOf
from services.warning.core.facts.exposure import LOOK_BACK_DAYS, Balance, Lender
from services.warning.core.indicators.indicator import Indicator, Reading, Terms, earliest

WINDOW_DAYS = LOOK_BACK_DAYS


def _is_new(lender: Lender, as_of: AsOf) -> bool:
    """First owed to in the window, and owed to still."""
    return (
        as_of.day - WINDOW_DAYS < lender.first_day <= as_of.day
        and lender.first_moment < as_of.until
        and any(each.amount for days in lender.balances.values() for each in _standing(days, as_of.day, as_of.until))
    )


def count_new(facts: Any, as_of: AsOf, terms: Terms) -> int | None:
    """To how many other lenders something is owed since the last 90 days; absent where none was ever reported."""
    lenders = facts.exposure.lenders
    return sum(_is_new(lender, as_of) for lender in lenders.values()) if lenders else None


def _new_lenders(facts: Any, as_of: AsOf) -> list[Lender]:
    """The lenders that count, the ones that leave the window first at the front."""
    found = [each for each in facts.exposure.lenders.values() if _is_new(each, as_of)]
    return sorted(found, key=lambda each: each.first_day)


def new_lenders(facts: Any, as_of: AsOf, terms: Terms) -> Reading | None:
    """The count, and which lenders' first reports make it up."""
    count = count_new(facts, as_of, terms)
    if count is None:
        return None
    found = _new_lenders(facts, as_of)
    return Reading(count, None, tuple(each.first_hash for each in found[-16:]), _window(as_of))


def lenders_change(facts: Any, as_of: AsOf, terms: Terms, up: float | None, down: float | None) -> int | None:
    """Lenders leave the window on their 90th day; a balance dated ahead counts on its own."""
    ahead = [
        balance.moment + 1
        for lender in facts.exposure.lenders.values()
        for days in lender.balances.values()
        for balance in days.values()
        if balance.moment >= as_of.until
    ]
    if down is not None and (inside := _new_lenders(facts, as_of)):
        leaving = min(len(inside), max(1, ceil(len(inside) - down)))
        ahead.append(terms.calendar.midnight(inside[leaving - 1].first_day + WINDOW_DAYS))
    return min(ahead, default=None)


def growth(facts: Any, as_of: AsOf, terms: Terms) -> Reading | None:
    """Balances owed to other lenders now over those 90 days ago, less one; the worst over the currencies.

    Absent where no currency has a balance above zero from 90 days ago to compare with.
    """
    currencies = {currency for lender in facts.exposure.lenders.values() for currency in lender.balances}
    found = [each for each in (_growth_in(facts, currency, as_of) for currency in sorted(currencies)) if each]
    return max(found, key=lambda each: each.value, default=None)


def growth_value(facts: Any, as_of: AsOf, terms: Terms) -> float | None:
    """The growth alone."""
    reading = growth(facts, as_of, terms)
    return None if reading is None else reading.value


def _growth_in(facts: Any, currency: str, as_of: AsOf) -> Reading | None:
    now, then = [], []
    for lender in facts.exposure.lenders.values():
        days = lender.balances.get(currency, {})
        now += _standing(days, as_of.day, as_of.until)
        then += _standing(days, as_of.day - WINDOW_DAYS, as_of.until)
    before = sum(each.amount for each in then)
    if not before:
        return None
    value = sum(each.amount for each in now) / before - 1
    return Reading(value, None, tuple(each.hash for each in now[:16]), _window(as_of))


def _standing(days: dict[int, Balance], on: int, until: int) -> list[Balance]:
    """The newest balance up to a day, as a list of one or none."""
    known = [day for day, balance in days.items() if day <= on and balance.moment < until]
    return [days[max(known)]] if known else []


def growth_change(facts: Any, as_of: AsOf, terms: Terms, _up: float | None, _down: float | None) -> int | None:
    """The next day on which a balance becomes, or stops being, the one to compare with."""
    days = [
        (day, balance.moment)
        for lender in facts.exposure.lenders.values()
        for balances in lender.balances.values()
        for day, balance in balances.items()
    ]
    return earliest(
        [terms.calendar.midnight(day + WINDOW_DAYS) for day, _ in days if day + WINDOW_DAYS > as_of.day]
        + [moment + 1 for _, moment in days if moment >= as_of.until]
    )


def _window(as_of: AsOf) -> tuple[int, int]:
    return as_of.day - WINDOW_DAYS + 1, as_of.day


INDICATORS = [
    Indicator(
        name="other_lenders_90d",
        unit="lenders",
        whole=True,
        meaning="Other lenders to whom the borrower owes, and to whom nothing was owed 90 days ago: by the day the debt"
        " began where a report says it, else by the first day a balance above zero was reported for",
        source="Multi-platform borrowing is an early sign of distress: see the ruleset's sources",
        reads=frozenset({"exposure"}),
        value=count_new,
        measure=new_lenders,
        next_change=lenders_change,
        absent_when="no other lender was ever reported",
    ),
    Indicator(
        name="exposure_growth_90d",
        unit="ratio",
        whole=False,
        meaning="Balances owed to other lenders now against 90 days ago, as a ratio less one; the worst over the"
        " currencies",
        source="EBA/GL/2020/06 paragraph 274: an increase in indebtedness",
        reads=frozenset({"exposure"}),
        value=growth_value,
        measure=growth,
        next_change=growth_change,
        absent_when="no balance above zero was reported as of 90 days ago",
    ),
]
