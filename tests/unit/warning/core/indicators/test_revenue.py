"""Revenue against the year's own level, against sums taken by hand."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.warning.core.calendar import Calendar
from services.warning.core.indicators import CATALOGUE, Reading
from tests.events import event
from tests.unit.warning.core.lives import Life

CHANGE, MONTHS = CATALOGUE["revenue_change_3m"], CATALOGUE["revenue_months"]


def _reading(sold: Mapping[str, str], *, name: str = "revenue_change_3m", currency: str = "NGN") -> Reading | None:
    life = Life()
    for month, amount in sold.items():
        life.says(_report(month, amount, currency))
    as_of = Calendar("Africa/Lagos").on_due(life.midnight("2026-06-01"))
    return CATALOGUE[name].measure(life.borrower.facts, as_of, life.engine.terms)


def _report(month: str, amount: str, currency: str = "NGN", day: str = "2026-05-20") -> dict[str, object]:
    return event("revenue.reported", "B1", day, {"month": month, "amount": amount, "currency": currency})


def _year(*amounts: int) -> dict[str, str]:
    """Months that end with April 2026."""
    first = 2026 * 12 + 4 - len(amounts)
    return {f"{(first + at) // 12}-{(first + at) % 12 + 1:02}": str(amount) for at, amount in enumerate(amounts)}


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([100] * 12, 0.0),
        ([100] * 9 + [50, 50, 50], 150 / 3 / (1050 / 12) - 1),
        ([100, 100, 100, 0, 0, 0], -1.0),
        ([900] * 3 + [100] * 12, 0.0),
        ([100] * 5, None),
        ([0] * 12, None),
        ([100] * 9 + [-50, -50, -50], -150 / 3 / (750 / 12) - 1),
        ([-100] * 12, None),
        ([10] * 9 + [-30, -30, -30], None),
    ],
)
def test_the_last_three_months_are_measured_against_the_last_twelve(amounts: list[int], expected: float | None) -> None:
    found = _reading(_year(*amounts))
    assert (found.value if found else None) == (None if expected is None else pytest.approx(expected, abs=1e-12))


def test_months_that_are_missing_are_left_out_and_not_taken_for_zero() -> None:
    sold = _year(*[100] * 12)
    for missing in list(sold)[2:11:3]:
        del sold[missing]
    found = _reading(sold)
    assert found is not None
    assert found.value == 0
    assert found.window is not None
    assert len(found.items) == 9
    months = _reading(sold, name="revenue_months")
    assert months is not None
    assert months.value == 9


def test_a_month_in_another_currency_than_the_latest_is_not_known() -> None:
    life = Life()
    for month in _year(*[100] * 9):
        life.says(_report(month, "100", "USD" if month < "2025-10" else "NGN"))
    as_of = Calendar("Africa/Lagos").on_due(life.midnight("2026-06-01"))
    months = MONTHS.value(life.borrower.facts, as_of, life.engine.terms)
    assert months == 7


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(4)), st.sampled_from(["1.00", "9.00"]))
def test_the_newest_report_of_a_month_counts_in_whatever_order_they_come(order: list[int], last: str) -> None:
    reports = [_report("2026-04", "5.00", day=f"2026-05-{20 + each}") for each in range(3)]
    reports.append(_report("2026-04", last, day="2026-05-24"))
    life = Life()
    life.says(*(reports[each] for each in order))
    (month,) = life.borrower.facts.revenue.months.values()
    assert month.amount == int(last[0]) * 10_000


def test_a_month_counts_from_its_end_though_it_is_reported_later() -> None:
    life = Life()
    life.says(*(_report(month, "100") for month in _year(*[100] * 12)))
    facts, terms = life.borrower.facts, life.engine.terms
    before, after = (life.calendar.on_due(life.midnight(day)) for day in ("2026-04-30", "2026-05-01"))
    assert (MONTHS.value(facts, before, terms), MONTHS.value(facts, after, terms)) == (11, 12)
    assert CHANGE.next_change(facts, after, terms, 1.0, -1.0) is None
