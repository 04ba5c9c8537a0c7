"""Days until the next unpaid instalment, against a book that is asked day by day."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.warning.core.calendar import AsOf
from services.warning.core.indicators import CATALOGUE
from services.warning.core.indicators.days_until_due import FARTHEST
from tests.unit.warning.core.histories import DAYS, RULES, START, ZONES, Said, engine_of, histories, lived
from tests.unit.warning.core.indicators.books import ABSOLUTE, RELATIVE, Book, book_of, kind_of

ENGINES = {zone: engine_of(RULES, zone) for zone in ZONES}
INDICATOR = CATALOGUE["days_until_due"]


def _days_until_due(book: Book, day: date, kind: str) -> int:
    """The first day from this one on by whose end a material amount is unpaid, if nothing is in arrears before it."""
    if book.closed < day or book.overdue_days(day, kind):
        return FARTHEST
    paid = sum((amount for when, amount in book.payments if when < day), Decimal())
    owed = sum(book.dues.values(), Decimal()) - paid
    for ahead in range(FARTHEST):
        due = day + timedelta(days=ahead)
        lacking = sum((amount for each, amount in book.dues.items() if each <= due), Decimal()) - paid
        if due in book.dues and lacking > ABSOLUTE[kind] and lacking > RELATIVE * owed:
            return ahead
    return FARTHEST


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(most=30), st.sampled_from(ZONES))
def test_they_are_those_until_the_first_day_by_whose_end_something_is_unpaid(events: list[Said], zone: str) -> None:
    engine = ENGINES[zone]
    borrower, _ = lived(engine, events)
    books = [book_of(events, loan_id) for loan_id in ("L1", "L2")]
    known = {each["data"]["loan_id"] for each in events if "loan_id" in each["data"]}
    kind = kind_of(events)

    for number in range(-5, DAYS + 20, 3):
        day = START + timedelta(days=number)
        midnight = engine.calendar.midnight(day.toordinal())
        found = INDICATOR.value(borrower.facts, AsOf(midnight, day.toordinal(), midnight), engine.terms)
        fewest = min(_days_until_due(book, day, kind) for book in books)
        assert found == (fewest if known else None), day
