"""Days past due, against a ledger that goes day by day and remembers nothing but what was said."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.warning.core.indicators import CATALOGUE
from tests.unit.warning.core.histories import RULES, ZONES, Said, busy_loans, engine_of, histories
from tests.unit.warning.core.indicators.books import asked_day_by_day

ENGINES = {zone: engine_of(RULES, zone) for zone in ZONES}
INDICATOR = CATALOGUE["days_past_due"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(most=30) | busy_loans(), st.sampled_from(ZONES))
def test_the_ledger_equals_a_naive_one_that_goes_day_by_day(events: list[Said], zone: str) -> None:
    for found, books, day, kind in asked_day_by_day(ENGINES[zone], events, INDICATOR):
        assert found == max(book.days_past_due(day, kind) for book in books), day
