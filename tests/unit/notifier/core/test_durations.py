"""Durations as people write them."""

from datetime import timedelta

import pytest

from services.notifier.core.durations import parse_duration


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
    ],
)
def test_one_number_and_one_unit_make_a_duration(written: str, expected: timedelta) -> None:
    assert parse_duration(written) == expected


@pytest.mark.parametrize(
    "written", ["", "s", "5 s", "1h30m", "-5s", "5S", "\N{ARABIC-INDIC DIGIT FIVE}s", "0s", "3651d", "1e9s", 5, None]
)
def test_anything_else_is_told_what_was_expected(written: object) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(written)
