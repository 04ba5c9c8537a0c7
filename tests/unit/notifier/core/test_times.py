"""Times of the week by a wall clock: what holds is what the clock shows, across daylight saving and holidays."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.notifier.core.times import WEEKDAYS, Calendar, NeverError, Times

OFFICE = Times(time_zone="Africa/Lagos", days=("mon", "tue", "wed", "thu", "fri"), hours=("08:00-12:00", "13:00-17:00"))
NIGHTS = Times(time_zone="Europe/Berlin", hours=("22:00-07:00",))
MINUTE = timedelta(minutes=1)
ZONES = (
    "Africa/Lagos",
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
)


def _at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_office_hours_hold_between_their_first_and_their_last_minute() -> None:
    shown = ["07:59", "08:00", "11:59", "12:00", "13:00", "16:59", "17:00"]

    assert [OFFICE.holds(_at(f"2026-11-25T{each}", "Africa/Lagos")) for each in shown] == [
        False, True, True, False, True, True, False,
    ]  # fmt: skip


def test_after_a_friday_they_begin_on_monday() -> None:
    assert OFFICE.next_begin(_at("2026-11-27T17:00", "Africa/Lagos")) == _at("2026-11-30T08:00", "Africa/Lagos")


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    fridays = NIGHTS.model_copy(update={"days": ("fri",)})

    assert fridays.holds(_at("2026-11-28T06:59", "Europe/Berlin"))
    assert not fridays.holds(_at("2026-11-27T06:59", "Europe/Berlin"))
    assert fridays.next_end(_at("2026-11-27T23:00", "Europe/Berlin")) == _at("2026-11-28T07:00", "Europe/Berlin")


def test_chinas_national_day_is_no_office_day_and_the_weekend_before_it_may_be() -> None:
    china = Calendar(holidays=frozenset({date(2026, 10, 1)}), workdays=frozenset({date(2026, 9, 27)}))
    office = OFFICE.model_copy(update={"time_zone": "Asia/Shanghai"})

    assert not office.holds(_at("2026-10-01T10:00", "Asia/Shanghai"), china)
    assert office.holds(_at("2026-09-27T10:00", "Asia/Shanghai"), china)
    assert office.next_begin(_at("2026-09-30T18:00", "Asia/Shanghai"), china) == _at(
        "2026-10-02T08:00", "Asia/Shanghai"
    )


def test_what_was_to_begin_in_the_hour_left_out_begins_at_its_end() -> None:
    early = Times(time_zone="Europe/Berlin", hours=("02:30-05:00",))

    assert early.next_begin(_at("2026-03-29T00:00", "Europe/Berlin")) == _at("2026-03-29T03:00", "Europe/Berlin")


def test_what_the_clock_shows_twice_is_meant_both_times() -> None:
    hour = Times(time_zone="Europe/Berlin", hours=("02:00-03:00",))
    twice = [_at("2026-10-25T00:30"), _at("2026-10-25T01:30")]

    assert [hour.holds(each) for each in twice] == [True, True]
    assert hour.next_end(twice[0]) == _at("2026-10-25T02:00")


def test_times_that_never_come_say_so() -> None:
    never = Times(time_zone="UTC", days=("sun",))
    closed = Calendar(holidays=frozenset(date(2026, 1, 1) + timedelta(days=number) for number in range(900)))

    with pytest.raises(NeverError):
        never.next_begin(_at("2026-01-01T00:00"), closed)


@pytest.mark.parametrize("wrong", [{"time_zone": "Mars/Olympus"}, {"hours": ()}, {"hours": ("8-17",)}, {"days": ()}])
def test_what_is_no_time_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Times.model_validate({"time_zone": "UTC", **wrong})


_clock = st.integers(0, 24 * 60 - 1).map(lambda each: f"{each // 60:02}:{each % 60:02}")
_times = st.builds(
    Times,
    time_zone=st.sampled_from(ZONES),
    days=st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(tuple),
    hours=st.lists(st.tuples(_clock, _clock).map("-".join), min_size=1, max_size=3).map(tuple),
)
_moments = st.integers(0, 366 * 24 * 60).map(lambda each: datetime(2026, 1, 1, tzinfo=UTC) + each * MINUTE)


@given(_times, _moments)
@settings(max_examples=60, deadline=None)
def test_between_now_and_the_next_turn_every_minute_is_as_now(times: Times, moment: datetime) -> None:
    holds = times.holds(moment)
    try:
        turn = times.next_end(moment) if holds else times.next_begin(moment)
    except NeverError:
        turn = moment + timedelta(days=3)
    minutes = min((turn - moment) // MINUTE, 3 * 24 * 60)

    assert all(times.holds(moment + number * MINUTE) == holds for number in range(minutes))
    if minutes < 3 * 24 * 60:
        assert times.holds(turn) != holds


def test_what_has_no_end_says_so() -> None:
    times = Times(time_zone="UTC", hours=("06:00-22:00", "22:00-06:00"))
    assert times.always
    with pytest.raises(NeverError):
        times.next_end(datetime(2026, 1, 1, tzinfo=UTC))


def test_times_whose_days_are_all_holidays_do_not_come() -> None:
    saturdays = Times(time_zone="UTC", days=("sat",))
    calendar = Calendar(holidays=frozenset(date(2026, 1, 3) + timedelta(weeks=week) for week in range(60)))
    assert not saturdays.come(calendar)
    assert saturdays.come()
    assert OFFICE.come(calendar)


CHANGES = (
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Europe/London", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/London", datetime(2026, 10, 25, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 24, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 5, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(2026, 10, 1, tzinfo=UTC)),
)
CLOCKS = st.integers(0, 24 * 4 - 1).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
SPANS = st.builds(lambda begins, ends: f"{begins}-{ends}", CLOCKS, CLOCKS | st.just("24:00"))


def model(times: Times, moment: datetime, calendar: Calendar) -> bool:
    """Said another way: the wall clock lies within a span written down for today, or for yesterday past midnight."""
    wall = moment.astimezone(ZoneInfo(times.time_zone)).replace(tzinfo=None, fold=0)
    for back in (0, 1):
        day = wall.date() - timedelta(days=back)
        works = (
            set(WEEKDAYS[:5]) & set(times.days) if day in calendar.workdays else WEEKDAYS[day.weekday()] in times.days
        )
        if day in calendar.holidays or not works:
            continue
        for span in times.hours:
            begins, ends = (
                datetime.combine(day, datetime.min.time()) + timedelta(hours=int(each[:2]), minutes=int(each[3:]))
                for each in span.split("-")
            )
            if begins <= wall < (ends if ends > begins else ends + timedelta(days=1)):
                return True
    return False


@st.composite
def cases(draw: st.DrawFn) -> tuple[Times, datetime, Calendar]:
    zone, about = draw(st.sampled_from(CHANGES))
    near = st.integers(-2, 2).map(lambda days: about.date() + timedelta(days=days))
    calendar = Calendar(holidays=frozenset(draw(st.sets(near, max_size=2))), workdays=frozenset(draw(st.sets(near))))
    days = tuple(draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True)))
    times = Times(time_zone=zone, days=days, hours=tuple(draw(st.lists(SPANS, min_size=1, max_size=2))))
    return times, about + draw(st.integers(-24 * 60, 48 * 60)) * MINUTE, calendar


@given(cases())
@settings(max_examples=60, deadline=None)
def test_they_hold_whenever_the_clock_says_so(case: tuple[Times, datetime, Calendar]) -> None:
    times, moment, calendar = case
    assert all(
        times.holds(each, calendar) == model(times, each, calendar)
        for each in (moment + step * 7 * MINUTE for step in range(200))
    )


@given(cases())
@settings(max_examples=40, deadline=None)
def test_they_begin_and_end_at_the_first_minute_that_says_so(case: tuple[Times, datetime, Calendar]) -> None:
    times, moment, calendar = case
    for wanted, found in ((True, times.next_begin), (False, times.next_end)):
        minutes = (moment + step * MINUTE for step in range(2 * 24 * 60))
        first = next((each for each in minutes if model(times, each, calendar) == wanted), None)
        try:
            answer = found(moment, calendar)
        except NeverError:
            assert first is None
            continue
        assert answer == first if first is not None else answer >= moment + timedelta(days=2)
