"""Days until the next unpaid instalment, against a book that is asked day by day."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.warning.core.indicators import CATALOGUE
from services.warning.core.indicators.days_until_due import FARTHEST
from tests.unit.warning.core.histories import RULES, ZONES, Said, busy_loans, engine_of, histories
from tests.unit.warning.core.indicators.books import ABSOLUTE, RELATIVE, Book, Page, asked_day_by_day

ENGINES = {zone: engine_of(RULES, zone) for zone in ZONES}
INDICATOR = CATALOGUE["days_until_due"]


def _days_until_due(book: Book, day: date, kind: str) -> int:
    """The first day from this one on by whose end a material amount is unpaid, if nothing is in arrears before it."""
    if book.overdue_days(day, kind):
        return FARTHEST
    for ahead in range(FARTHEST):
        due = day + timedelta(days=ahead)
        if any(_lacks(page, due, book.midnight(day), kind) for page in book.at_the_end_of(due, day)):
            return ahead
    return FARTHEST


def _lacks(page: Page, due: date, now: datetime, kind: str) -> bool:
    paid = page.had(now)
    owed = sum((each.amount for each in page.owed), Decimal()) - paid
    lacking = sum((each.amount for each in page.owed if each.due <= due), Decimal()) - paid
    return any(each.due == due for each in page.owed) and lacking > ABSOLUTE[kind] and lacking > RELATIVE * owed


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(most=30) | busy_loans(), st.sampled_from(ZONES))
def test_they_are_those_until_the_first_day_by_whose_end_something_is_unpaid(events: list[Said], zone: str) -> None:
    for found, books, day, kind in asked_day_by_day(ENGINES[zone], events, INDICATOR):
        assert found == min(_days_until_due(book, day, kind) for book in books), day
