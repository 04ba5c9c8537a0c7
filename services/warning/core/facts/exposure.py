"""What the borrower owes to other lenders."""

from datetime import date

import msgspec

from services.warning.core.calendar import Calendar
from services.warning.core.facts.amounts import ten_thousandths
from services.warning.core.facts.family import LATENESS_DAYS, Family
from services.warning.core.facts.order import forget_key, is_later
from services.warning.core.records import Event, identity

MAX_LENDERS = 256
"""A borrower with more is past any band. Which are kept depends on their names alone: on no order of arrival."""
LOOK_BACK_DAYS = 90
"""How far back indicators compare balances."""
KEPT_DAYS = LOOK_BACK_DAYS + LATENESS_DAYS
"""So that a correction finds its report, whether it arrives at once or as late as it may."""
NO_DAY = date.max.toordinal()
"""The first day of a lender to whom nothing was ever owed."""


class ExposureReported(msgspec.Struct, gc=False):
    """What is read of exposure.reported."""

    lender: str
    balance: str
    currency: str
    as_of: date
    opened_on: date | None = None


class Balance(msgspec.Struct, array_like=True, gc=False):
    """One lender's balance on one day: the last report of it. Stored by place: a new field goes last."""

    amount: int
    time: int
    hash: int
    moment: int
    key: str = ""
    since: int = 0
    """The day the debt began; 0: the report does not say."""


class Lender(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """One other lender: since when something is owed to it, and its balances by currency and day."""

    first_day: int = NO_DAY
    """The earliest day of a debt, as its reports say or as they came."""
    first_moment: int = 0
    """When the first report of a debt counts from."""
    first_hash: int = 0
    """Of the report that gave the day, which may be forgotten by now."""
    balances: dict[str, dict[int, Balance]] = {}


class Exposure(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """Lenders by their id."""

    lenders: dict[str, Lender] = {}


def reported(state: Exposure, event: Event, data: ExposureReported, calendar: Calendar) -> int:
    """A later report of a lender's day replaces an earlier one; the first at which something is owed is its first."""
    day = data.as_of.toordinal()
    moment = calendar.within(day, event.time)
    lender = state.lenders.get(data.lender)
    if lender is None:
        lender = state.lenders[data.lender] = Lender()
        _bound(state)
    days = lender.balances.setdefault(data.currency, {})
    known = days.get(day)
    if known is not None and not is_later(event, known):
        return min(moment, known.moment)
    since = data.opened_on.toordinal() if data.opened_on else 0
    report = Balance(ten_thousandths(data.balance), event.time, event.hash, moment, event.key, since)
    was_first, was_from = lender.first_day, lender.first_moment
    _write(lender, days, day, report)
    if was_first not in (NO_DAY, lender.first_day):
        moment = min(moment, was_from)
    return moment if known is None else min(moment, known.moment)


def _write(lender: Lender, days: dict[int, Balance], day: int, report: Balance) -> None:
    """Put a report in its place, and find the lender's first day anew.

    A first day that a forgotten report gave stands; one whose report is being corrected goes with it.
    """
    reports = [each for known in lender.balances.values() for each in known.values()]
    owed = []
    if lender.first_day != NO_DAY and all(each.hash != lender.first_hash for each in reports):
        owed.append((lender.first_day, lender.first_hash, lender.first_moment))
    days[day] = report
    for known in lender.balances.values():
        owed += [(each.since or at, each.hash, each.moment) for at, each in known.items() if each.amount]
    lender.first_day, lender.first_hash, _ = min(owed, default=(NO_DAY, 0, 0))
    lender.first_moment = min((moment for _, _, moment in owed), default=0)


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
            for balance in days.values():
                forget_key(balance, day)
            if len(days) > 1:
                old = sorted([each for each in days if each <= day - KEPT_DAYS])
                for each in old[:-1]:
                    del days[each]


FAMILY = Family("exposure", Exposure, {"exposure.reported": (ExposureReported, reported)}, holds, prune)
