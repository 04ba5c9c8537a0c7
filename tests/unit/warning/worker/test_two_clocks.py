"""Two clocks are believed where they agree, and neither where they do not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from services.warning.metrics import Metrics
from services.warning.worker.two_clocks import TwoClocks

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Readings:
    """A clock that says, in seconds after noon, what it is given to say."""

    def __init__(self, *seconds: float) -> None:
        self._left = list(seconds)

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._left.pop(0))


class Second(Readings):
    async def now(self) -> datetime:  # type: ignore[override]
        return super().now()


async def look(machine: Sequence[float], second: Sequence[float]) -> tuple[list[float | None], CollectorRegistry]:
    """What two clocks agree on, in seconds after noon; the machine's is read before and after each of the second's."""
    registry = CollectorRegistry()
    clocks = TwoClocks(Readings(*machine), Second(*second), Metrics(registry), tolerance=timedelta(seconds=60))
    found = [await clocks.now() for _ in second]
    return [None if each is None else (each - NOON).total_seconds() for each in found], registry


@pytest.mark.parametrize(
    ("before", "second", "after", "agreed", "difference"),
    [
        (10, 10.01, 10.02, 10, 0),
        (10, 40, 10.02, 10, -29.98),
        (40, 10, 40.02, 10, 30),
        (10, 300, 600, 10, 0),  # the answer took ten minutes
        (71, 10, 71, None, 61),
        (10, 71, 10, None, -61),
        (8_640_000, 10, 10, None, 8_639_990),  # it jumped back while the other was asked
        (10, 10, 8_640_000, 10, 0),  # it jumped while the other was asked: what is told is from before
    ],
)
async def test_the_earlier_of_both_counts_where_they_are_close_for_all_that_is_known(
    before: float, second: float, after: float, agreed: float | None, difference: float
) -> None:
    found, registry = await look([before, after], [second])
    assert found == [agreed]
    measured = registry.get_sample_value("bellwether_warning_clock_difference_seconds")
    assert measured == pytest.approx(difference)


async def test_a_disagreement_is_said_once_and_counted_at_each_look() -> None:
    with capture_logs() as logs:
        found, registry = await look([0, 0, 900, 900, 901, 901, 2, 2], [0, 1, 2, 3])
    assert found == [0, None, None, 2]
    assert registry.get_sample_value("bellwether_warning_clock_refused_total") == 2
    assert [(each["event"], each["log_level"]) for each in logs] == [
        ("warning.clock.disagrees", "error"),
        ("warning.clock.agrees", "info"),
    ]
    assert (logs[0]["machine"], logs[0]["postgres"]) == ("2026-03-01T12:15:00+00:00", "2026-03-01T12:00:01+00:00")
