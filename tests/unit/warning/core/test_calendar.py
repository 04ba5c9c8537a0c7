"""The lender's days, over changes of the clocks and the edges of days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.warning.core.calendar import DAY, SECOND, Calendar, last_day_of, micros, month_index

HOUR = 3_600 * SECOND
BERLIN = Calendar("Europe/Berlin")


def _at(text: str) -> int:
    return micros(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Africa/Lagos", "2026-03-29", 24),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, day: str, hours: float) -> None:
    calendar, number = Calendar(zone), date.fromisoformat(day).toordinal()
    assert calendar.midnight(number + 1) - calendar.midnight(number) == hours * HOUR


def test_a_day_whose_midnight_the_clocks_skip_begins_at_the_first_moment_there_is() -> None:
    santiago, day = Calendar("America/Santiago"), date(2026, 9, 6).toordinal()
    assert santiago.midnight(day) == _at("2026-09-06T04:00:00+00:00")
    assert santiago.day_of(santiago.midnight(day)) == day
    assert santiago.day_of(santiago.midnight(day) - 1) == day - 1


@given(
    st.sampled_from(["Africa/Lagos", "Europe/Berlin", "America/Santiago", "Pacific/Apia", "Asia/Kathmandu"]),
    st.integers(0, 230 * 365 * 86_400),
)
def test_the_day_of_a_moment_is_the_local_date(zone: str, second: int) -> None:
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).astimezone(ZoneInfo(zone))
    assert Calendar(zone).day_of(second * SECOND) == local.date().toordinal()


def test_a_moment_is_kept_within_its_day() -> None:
    day, noon = date(2026, 3, 29).toordinal(), _at("2026-03-29T12:00:00+02:00")
    assert BERLIN.within(day, noon) == noon
    assert BERLIN.within(day, noon - 5 * DAY) == BERLIN.midnight(day)
    assert BERLIN.within(day, noon + 5 * DAY) == BERLIN.midnight(day + 1) - 1


def test_a_due_time_looks_at_what_came_before_it_and_an_event_at_itself_too() -> None:
    at = _at("2026-03-29T00:00:00+01:00")
    assert BERLIN.on_due(at).until == at
    assert BERLIN.on_event(at).until == at + 1
    assert BERLIN.on_due(at).day == date(2026, 3, 29).toordinal()


def test_neighbouring_months_differ_by_one() -> None:
    assert month_index("2026-01") - month_index("2025-12") == 1
    assert date.fromordinal(last_day_of(month_index("2024-02"))) == date(2024, 2, 29)
    assert date.fromordinal(last_day_of(month_index("2025-12"))) == date(2025, 12, 31)


def test_a_zone_nobody_knows_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        Calendar("Europe/Atlantis")
