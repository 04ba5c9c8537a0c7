"""Days past due, against a ledger that goes day by day and remembers nothing but what was said."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.warning.core.calendar import AsOf
from services.warning.core.indicators import CATALOGUE
from tests.unit.warning.core.histories import DAYS, RULES, START, ZONES, Said, engine_of, histories, lived
from tests.unit.warning.core.indicators.books import book_of, kind_of

ENGINES = {zone: engine_of(RULES, zone) for zone in ZONES}
INDICATOR = CATALOGUE["days_past_due"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(most=30), st.sampled_from(ZONES))
def test_the_ledger_equals_a_naive_one_that_goes_day_by_day(events: list[Said], zone: str) -> None:
    engine = ENGINES[zone]
    borrower, _ = lived(engine, events)
    books = [book_of(events, loan_id) for loan_id in ("L1", "L2")]
    known = {each["data"]["loan_id"] for each in events if "loan_id" in each["data"]}
    kind = kind_of(events)

    for number in range(-5, DAYS + 20, 3):
        day = START + timedelta(days=number)
        midnight = engine.calendar.midnight(day.toordinal())
        found = INDICATOR.value(borrower.facts, AsOf(midnight, day.toordinal(), midnight), engine.terms)
        worst = max(book.days_past_due(day, kind) for book in books)
        assert found == (worst if known else None), day
