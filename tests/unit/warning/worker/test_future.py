"""An event far ahead of its record's timestamp is named with both times."""

from datetime import timedelta

import pytest

from services.warning.worker.future import FutureLimit

HOUR = FutureLimit(timedelta(hours=1))
NINE_MS = 1_767_258_000_000
"""09:00 UTC of 1 January 2026."""


@pytest.mark.parametrize("seconds", [-86_400 * 400, 0, 3_600])
def test_what_is_no_further_ahead_than_the_limit_is_fine(seconds: int) -> None:
    assert HOUR.beyond(NINE_MS * 1_000 + seconds * 1_000_000, NINE_MS) is None


def test_what_is_further_ahead_is_refused_with_both_times() -> None:
    assert HOUR.beyond(NINE_MS * 1_000 + 3_601_000_000, NINE_MS) == (
        "expected a time at most 3600 s ahead of 2026-01-01T09:00:00+00:00, its record's; got 2026-01-01T10:00:01+00:00"
    )


def test_without_a_limit_or_without_a_timestamp_any_time_is_fine() -> None:
    assert FutureLimit(None).beyond(NINE_MS * 2_000, NINE_MS) is None
    assert HOUR.beyond(NINE_MS * 2_000, -1) is None
