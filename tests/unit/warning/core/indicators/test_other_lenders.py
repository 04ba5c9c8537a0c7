"""What the borrower does at other lenders, against counts and sums over all that was ever reported."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.warning.core.calendar import AsOf
from services.warning.core.indicators import CATALOGUE
from tests.events import exposed
from tests.unit.warning.core.histories import DAYS, RULES, START, ZONES, Said, engine_of, histories, lived
from tests.unit.warning.core.lives import Life

ENGINES = {zone: engine_of(RULES, zone) for zone in ZONES}
COUNT, GROWTH = CATALOGUE["other_lenders_90d"], CATALOGUE["exposure_growth_90d"]
WINDOW = timedelta(days=90)


def _count(reports: list[Said], day: date) -> int | None:
    """After the last report: lenders whose debt began in the window and who are still owed something."""
    words = {
        (each["data"]["lender"], each["data"]["currency"], each["data"]["as_of"]): each["data"] for each in reports
    }
    began: dict[str, date] = {}
    owed: dict[tuple[str, str], bool] = {}
    for (lender, currency, as_of), data in sorted(words.items()):
        owed[lender, currency] = Decimal(data["balance"]) > 0
        if owed[lender, currency]:
            since = date.fromisoformat(data.get("opened_on", as_of))
            began[lender] = min(since, began.get(lender, since))
    owing = {lender for (lender, _), some in owed.items() if some}
    return sum(day - WINDOW < since < day for lender, since in began.items() if lender in owing) if words else None


def _growth(reports: list[Said], day: date) -> Decimal | None:
    found = []
    for currency in {each["data"]["currency"] for each in reports}:
        now, then = _owed(reports, currency, day - timedelta(days=1)), _owed(reports, currency, day - WINDOW)
        if then:
            found.append(now / then - 1)
    return max(found, default=None)


def _owed(reports: list[Said], currency: str, day: date) -> Decimal:
    """By the newest report of each lender's latest day up to this one."""
    newest: dict[str, tuple[str, str, Decimal]] = {}
    for each in reports:
        data = each["data"]
        if data["currency"] == currency and date.fromisoformat(data["as_of"]) <= day:
            said = data["as_of"], each["time"], Decimal(data["balance"])
            newest[data["lender"]] = max(said, newest.get(data["lender"], said))
    return sum((balance for _, _, balance in newest.values()), Decimal())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(most=40), st.sampled_from(ZONES))
def test_counts_and_sums_equal_those_over_all_reports(events: list[Said], zone: str) -> None:
    engine = ENGINES[zone]
    borrower, _ = lived(engine, events)
    reports = [each for each in events if each["type"] == "exposure.reported"]
    for number in range(DAYS, DAYS + 130, 5):
        day = START + timedelta(days=number)
        midnight = engine.calendar.midnight(day.toordinal())
        as_of = AsOf(midnight, day.toordinal(), midnight)
        assert COUNT.value(borrower.facts, as_of, engine.terms) == _count(reports, day), day
        found, expected = GROWTH.value(borrower.facts, as_of, engine.terms), _growth(reports, day)
        assert (found is None) is (expected is None), day
        assert found is None or expected is None or abs(found - float(expected)) < 1e-9, day


def test_growth_is_absent_where_nothing_was_owed_ninety_days_ago() -> None:
    life = Life()
    life.says(exposed("B1", "2026-01-05", "bank-1", "0"), exposed("B1", "2026-04-20", "bank-1", "100.00"))
    as_of = life.calendar.on_due(life.midnight("2026-04-21"))
    assert GROWTH.measure(life.borrower.facts, as_of, life.engine.terms) is None


def test_the_evidence_is_the_first_reports_of_the_lenders_that_count() -> None:
    life = Life()
    life.says(*(exposed("B1", f"2026-01-{5 + each:02}", f"bank-{each}") for each in range(20)))
    as_of = life.calendar.on_due(life.midnight("2026-02-01"))
    found = COUNT.measure(life.borrower.facts, as_of, life.engine.terms)
    assert found is not None
    assert (found.value, len(found.items)) == (20, 16)
    assert found.window == (as_of.day - 89, as_of.day)
