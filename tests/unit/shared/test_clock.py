"""Clocks tell the time in UTC, and tests own theirs."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import PATIENCE_SECONDS, ManualClock, SteadyClock, WallClock

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = timedelta(days=100)


def test_the_wall_clock_is_in_utc_and_goes_on() -> None:
    first, second = WallClock().now(), WallClock().now()
    assert first.tzinfo is UTC
    assert first <= second


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    assert clock.now() == clock.now() == datetime(2026, 3, 1, tzinfo=UTC)
    clock.advance(timedelta(hours=1))
    assert clock.now() == datetime(2026, 3, 1, 1, tzinfo=UTC)


class Machine:
    """A machine with both clocks: one that is set, and one that only runs."""

    def __init__(self) -> None:
        self.wall = ManualClock(START)
        self.running = 0.0
        self.clock = SteadyClock(self.wall, lambda: self.running)

    def passes(self, seconds: float) -> timedelta:
        """Time passes, and a look; how far the clock is from the start then."""
        self.wall.advance(timedelta(seconds=seconds))
        self.running += seconds
        return self.clock.now() - START


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_a_steady_clock_is_the_wall_clock_while_that_goes_on_as_it_should(machine: Machine) -> None:
    assert machine.passes(1) == timedelta(seconds=1)
    machine.wall.advance(timedelta(seconds=30))  # set right by a little
    assert machine.passes(9) == timedelta(seconds=40)
    assert machine.passes(86_400) == timedelta(days=1, seconds=40)
    assert machine.clock.step_seconds() == 0


@pytest.mark.parametrize("step", [DAYS, -DAYS])
def test_a_jump_that_is_taken_back_was_never_there(machine: Machine, step: timedelta) -> None:
    machine.wall.advance(step)
    assert [machine.passes(1) for _ in range(3)] == [timedelta(seconds=each) for each in (1, 2, 3)]
    assert machine.clock.step_seconds() == step.total_seconds()
    machine.wall.advance(-step)
    assert machine.passes(1) == timedelta(seconds=4)
    assert machine.clock.step_seconds() == 0


@pytest.mark.parametrize("step", [DAYS, -DAYS])
def test_a_jump_that_stands_long_enough_is_believed(machine: Machine, step: timedelta) -> None:
    machine.wall.advance(step)
    assert machine.passes(1) == timedelta(seconds=1)
    assert machine.passes(PATIENCE_SECONDS - 1) == timedelta(seconds=PATIENCE_SECONDS)
    assert machine.passes(1) == timedelta(seconds=PATIENCE_SECONDS + 1) + step
    assert machine.clock.step_seconds() == 0


def test_each_further_jump_has_to_stand_anew(machine: Machine) -> None:
    for _ in range(5):
        machine.wall.advance(DAYS)
        machine.passes(1)
        machine.passes(PATIENCE_SECONDS - 1)
    assert machine.passes(0) == timedelta(seconds=5 * PATIENCE_SECONDS)
    assert machine.clock.step_seconds() == 5 * DAYS.total_seconds()
