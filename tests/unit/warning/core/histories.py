"""Made-up histories of one borrower, and the ways in which they may reach the engine."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from services.warning.core import borrower as borrowers
from services.warning.core.borrower import Borrower, RuleState
from services.warning.core.calendar import AsOf, Calendar
from services.warning.core.changes import Change
from services.warning.core.engine import Engine
from services.warning.core.indicators import CATALOGUE
from services.warning.core.records import Event, read
from services.warning.core.rules.loading import load_ruleset
from tests.unit.warning.core.lending import START, Said, day_of, loan_word

__all__ = ["START", "Said"]

DAYS = 150
"""Over a change to summer time, and shorter than what is kept of a closed loan."""
ZONES = ["Africa/Lagos", "Europe/Berlin", "America/Santiago", "Asia/Shanghai"]

RULES = """
ruleset: laws
ledger:
  materiality: {absolute: "10", relative: 0.05}
  grace_days: 1
  enterprise: {materiality: {absolute: "30"}, grace_days: 0}
rules:
  - {id: late, family: repayment, measure: days_past_due, above: {blue: 1, yellow: 7, red: 30}}
  - id: falling
    family: business
    measure: revenue_change_3m
    below: {blue: -0.05, orange: -0.3}
    given: revenue_months >= 6
    segments: {seasonal: {below: {red: -0.2}}}
  - {id: soon, family: repayment, measure: days_until_due, below: {blue: 5, yellow: 1}}
  - {id: lenders, family: exposure, measure: other_lenders_90d, above: {blue: 1, yellow: 2, red: 3}}
  - {id: debt, family: exposure, measure: exposure_growth_90d, above: {blue: 0.1, red: 1}}
  - {id: both, family: mixed, measure: days_past_due + other_lenders_90d, above: {blue: 3, red: 12}}
  - {id: guarded, family: mixed, measure: other_lenders_90d, above: {yellow: 1}, given: days_past_due >= 3}
  - id: whatever_is_known
    family: mixed
    measure: "known.other_lenders_90d ? days_past_due + other_lenders_90d : 2 * days_past_due"
    above: {blue: 5, red: 14}
  - id: either
    family: mixed
    measure: days_until_due
    below: {blue: 6}
    given: other_lenders_90d >= 2 || days_past_due >= 3 || !known.exposure_growth_90d && revenue_months < 2
  - {id: each_late, family: repayment, measure: days_past_due, per: loan, above: {blue: 1, yellow: 7, red: 30}}
  - {id: each_soon, family: repayment, measure: days_until_due, per: loan, below: {blue: 5, yellow: 1}}
  - {id: each_idle, family: repayment, measure: days_until_due, per: loan, above: {blue: 20, red: 31}}
  - {id: each_mixed, family: mixed, measure: days_past_due + other_lenders_90d, per: loan, above: {blue: 2, red: 9}}
  - {id: each_alone, family: mixed, measure: 3 * other_lenders_90d - days_past_due, per: loan, below: {blue: 1}}
  - id: each_guarded
    family: mixed
    measure: days_past_due
    per: loan
    above: {blue: 2, red: 12}
    given: other_lenders_90d >= 2 || days_until_due > 20
    segments: {seasonal: {above: {yellow: 5}}}
"""
"""Without `hold` and `clear`: open warnings depend on no order."""

PATIENT_RULES = """
ruleset: patience
rules:
  - id: late
    family: repayment
    measure: days_past_due
    above: {blue: 5, red: 12}
    hold: 2d
    clear: {below: 2, after: 3d}
  - {id: soon, family: repayment, measure: days_until_due, below: {blue: 4}, hold: 1d, clear: {above: 6, after: 12h}}
  - {id: late_soon, family: repayment, measure: days_past_due, above: {blue: 4}, clear: {after: 36h}}
  - id: lenders
    family: exposure
    measure: other_lenders_90d
    above: {blue: 2, red: 3}
    hold: 60h
    clear: {below: 1, after: 5d}
  - {id: debt, family: exposure, measure: exposure_growth_90d, above: {blue: 0.1, red: 1}, hold: 1d}
  - id: shrinking
    family: mixed
    measure: 0 - other_lenders_90d
    below: {blue: -2}
    clear: {above: -1, after: 2d}
  - id: guarded
    family: mixed
    measure: days_past_due
    above: {yellow: 3}
    given: other_lenders_90d < 2
    clear: {below: 1, after: 1d}
  - id: each_late
    family: repayment
    measure: days_past_due
    per: loan
    above: {blue: 5, red: 12}
    hold: 2d
    clear: {below: 2, after: 3d}
  - id: each_idle
    family: repayment
    measure: days_until_due
    per: loan
    above: {blue: 31}
    hold: 3d
    clear: {after: 2d}
  - id: each_mixed
    family: mixed
    measure: days_past_due + other_lenders_90d
    per: loan
    above: {blue: 2, red: 9}
    hold: 1d
    clear: {below: 1, after: 2d}
"""


def engine_of(rules: str, zone: str) -> Engine:
    """An engine of a ruleset's text."""
    return Engine(load_ruleset(rules), Calendar(zone))


def _envelope(number: int, event_type: str, minute: int, data: dict[str, Any]) -> Said:
    time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    return {
        "specversion": "1.0",
        "id": f"event-{number:02}",
        "source": "/core-banking",
        "type": event_type,
        "subject": "B1",
        "time": time.isoformat().replace("+00:00", "Z"),
        "data": data,
    }


_amount = st.sampled_from(["5", "20", "50", "95.5", "100", "200"])
_currency = st.sampled_from(["EUR"] * 9 + ["NGN"])


@st.composite
def _data(draw: st.DrawFn, day: int, before: list[Said]) -> tuple[str, dict[str, Any]]:
    kind = draw(st.sampled_from(["loan", "loan", "loan", "loan", "loan", "loan", "revenue", "owe", "owe", "who"]))
    if kind == "loan":
        return draw(loan_word(day, before))
    if kind == "who":
        kinds, segments = st.sampled_from(["individual", "enterprise"]), st.sampled_from([None, "seasonal"])
        return "borrower.registered", {"kind": draw(kinds), "segment": draw(segments)}
    if kind == "owe":
        lender = draw(st.sampled_from(["bank-1", "bank-2", "bank-3", "bank-4"]))
        back = day_of(max(-60, day - draw(st.sampled_from([0, 0, 1, 30, 60]))))
        owed = {"balance": draw(_amount | st.just("0")), "currency": draw(_currency), "as_of": back}
        opened = draw(st.sampled_from([{}, {}, {"opened_on": day_of(max(-60, day - 60) - draw(st.integers(0, 60)))}]))
        return "exposure.reported", {"lender": lender, **owed, **opened}
    month = draw(st.integers(-4, day // 30))
    name = f"{2026 + month // 12}-{month % 12 + 1:02}"
    sold = draw(_amount | st.sampled_from(["0", "-20", "-95.5"]))
    return "revenue.reported", {"month": name, "amount": sold, "currency": draw(_currency)}


@st.composite
def histories(draw: st.DrawFn, *, most: int = 25) -> list[Said]:
    """Events of one borrower, by time; no two at the same minute."""
    minutes = sorted(draw(st.sets(st.integers(0, DAYS * 1440 - 1), min_size=1, max_size=most)))
    found: list[Said] = []
    for number, minute in enumerate(minutes):
        event_type, data = draw(_data(minute // 1440, found))
        found.append(_envelope(number, event_type, minute, data))
    return found


@st.composite
def busy_loans(draw: st.DrawFn) -> list[Said]:
    """One loan of which much is said in six weeks, some of it at one time: closed, lent anew, taken back, moved."""
    halves = sorted(draw(st.lists(st.integers(0, 80), min_size=2, max_size=14)))
    found: list[Said] = []
    for number, half in enumerate(halves):
        event_type, data = draw(loan_word(half // 2, found, busy=True))
        found.append(_envelope(number, event_type, half * 720, data))
    return found


@st.composite
def late_orders(draw: st.DrawFn, events: Sequence[Said]) -> list[Said]:
    """An order in which they may arrive, each at most 44 days late."""
    delays = draw(st.lists(st.sampled_from([0, 0, 0, 1, 10, 44]), min_size=len(events), max_size=len(events)))
    arrivals = [
        datetime.fromisoformat(each["time"]) + timedelta(days=delay) for each, delay in zip(events, delays, strict=True)
    ]
    return [each for _, _, each in sorted(zip(arrivals, range(len(events)), events, strict=True))]


def as_event(said: Said) -> Event:
    """As the engine reads it from the topic."""
    return read(msgspec.json.encode(said))


def end_of(engine: Engine) -> int:
    """A moment by which every hold and probation of these histories has run out."""
    return engine.calendar.midnight(START.toordinal() + DAYS + 130)


def lived(
    engine: Engine, events: Iterable[Said], *, stored_every: int = 0, to_the_end: bool = True
) -> tuple[Borrower, list[Change]]:
    """The borrower at the end, and its changes. `stored_every` so many events the state goes through its bytes."""
    borrower = borrowers.new("B1")
    changes: list[Change] = []
    for count, each in enumerate(events, 1):
        engine.decide(borrower, as_event(each), 0, changes)
        if stored_every and not count % stored_every:
            borrower = borrowers.decode(borrowers.encode(borrower))
    if to_the_end:
        engine.advance(borrower, end_of(engine), changes)
    return borrower, changes


def looked_at_all_the_time(engine: Engine, events: Iterable[Said]) -> list[Change]:
    """The changes where every rule looks at 00:00 of every day, and just after, besides its own due times."""
    borrower = borrowers.new("B1")
    changes: list[Change] = []
    looks = [engine.calendar.midnight(START.toordinal() + day) for day in range(-1, DAYS + 131)]
    ticks = [each + after for each in looks for after in (0, 1)]
    for said in [*events, None]:
        until = as_event(said).time if said else end_of(engine)
        while ticks and ticks[0] <= until:
            _tick(engine, borrower, ticks.pop(0), changes)
        if said is not None:
            engine.decide(borrower, as_event(said), 0, changes)
    return changes


def _tick(engine: Engine, borrower: Borrower, at: int, changes: list[Change]) -> None:
    engine.advance(borrower, at - 1, changes)
    if not borrower.clock:
        return
    for rule_id in engine.judges:
        borrower.rules.setdefault(rule_id, RuleState()).due = at
    borrower.due = at
    engine.advance(borrower, at, changes)


def readings(engine: Engine, borrower: Borrower, days: Iterable[int]) -> dict[tuple[int, str], Any]:
    """Every indicator as of 00:00 and as of noon of some days, counted from the start."""
    found = {}
    for day in days:
        midnight = engine.calendar.midnight(START.toordinal() + day)
        for at in (midnight, midnight + 43_200_000_000):
            as_of = AsOf(at, engine.calendar.day_of(at), at)
            for name, indicator in CATALOGUE.items():
                found[at, name] = indicator.value(borrower.facts, as_of, engine.terms)
    return found


def levels(borrower: Borrower) -> dict[tuple[str, str | None], int]:
    """The levels of its open warnings, by rule and, where it has one of its own, loan."""
    return {
        (rule, loan): each.open.level
        for rule, state in borrower.rules.items()
        for loan, each in [(None, state), *state.loans.items()]
        if each.open is not None
    }
