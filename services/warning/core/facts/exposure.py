"""What the borrower owes to other lenders."""

from datetime import date

import msgspec

from services.warning.core.calendar import Calendar
from services.warning.core.facts.amounts import ten_thousandths
from services.warning.core.facts.family import Family
from services.warning.core.records import Event, identity

MAX_LENDERS = 256
"""A borrower with more is past any band. Which are kept depends on their names alone: on no order of arrival."""
LOOK_BACK_DAYS = 90
"""How far back indicators compare balances."""


class ExposureReported(msgspec.Struct, gc=False):
    """What is read of exposure.reported."""

    lender: str
    balance: str
    currency: str
    as_of: date


class Balance(msgspec.Struct, array_like=True, gc=False):
    """One lender's balance on one day: the newest report of it by (time, hash)."""

    amount: int
    time: int
    hash: int
    moment: int


class Lender(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """One other lender: the day it was first heard of, and its balances by currency and day."""

    first_day: int
    first_moment: int
    first_hash: int
    balances: dict[str, dict[int, Balance]] = {}


class Exposure(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """Lenders by their id."""

    lenders: dict[str, Lender] = {}


def reported(state: Exposure, event: Event, data: ExposureReported, calendar: Calendar) -> int:
    """A later report of a lender's day replaces an earlier one; the earliest day it speaks of is its first."""
    day = data.as_of.toordinal()
    moment = calendar.within(day, event.time)
    lender = state.lenders.get(data.lender)
    if lender is None:
        lender = state.lenders[data.lender] = Lender(day, moment, event.hash)
        _bound(state)
    elif (day, moment, event.hash) < (lender.first_day, lender.first_moment, lender.first_hash):
        lender.first_day, lender.first_moment, lender.first_hash = day, moment, event.hash
    days = lender.balances.setdefault(data.currency, {})
    known = days.get(day)
    if known is None or (known.time, known.hash) < (event.time, event.hash):
        days[day] = Balance(ten_thousandths(data.balance), event.time, event.hash, moment)
    return moment if known is None else min(moment, known.moment)


def _bound(state: Exposure) -> None:
    if len(state.lenders) > MAX_LENDERS:
        del state.lenders[max(state.lenders, key=lambda name: identity("", name))]


def holds(state: Exposure, event_hash: int) -> bool:
    """Whether a balance stands as this event reported it."""
    return any(
        lender.first_hash == event_hash
        or any(each.hash == event_hash for days in lender.balances.values() for each in days.values())
        for lender in state.lenders.values()
    )


def prune(state: Exposure, day: int) -> None:
    """Forget balances beyond the look back, but keep the newest of those as what later ones are compared with."""
    for lender in state.lenders.values():
        for days in lender.balances.values():
            if len(days) > 1:
                old = sorted([each for each in days if each <= day - LOOK_BACK_DAYS])
                for each in old[:-1]:
                    del days[each]


FAMILY = Family("exposure", Exposure, {"exposure.reported": (ExposureReported, reported)}, holds, prune)
