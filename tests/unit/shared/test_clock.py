"""Clocks tell the time in UTC, and tests own theirs."""

from datetime import UTC, datetime, timedelta

from shared.clock import ManualClock, WallClock


def test_the_wall_clock_is_in_utc_and_goes_on() -> None:
    first, second = WallClock().now(), WallClock().now()
    assert first.tzinfo is UTC
    assert first <= second


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    assert clock.now() == clock.now() == datetime(2026, 3, 1, tzinfo=UTC)
    clock.advance(timedelta(hours=1))
    assert clock.now() == datetime(2026, 3, 1, 1, tzinfo=UTC)
