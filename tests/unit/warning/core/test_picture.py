"""What a person is shown of a borrower."""

import pytest

from services.warning.core.picture import overall_level


@pytest.mark.parametrize(
    ("warnings", "level"),
    [
        ([], None),
        ([("repayment", "yellow")], "yellow"),
        ([("repayment", "yellow"), ("business", "blue")], "yellow"),
        ([("repayment", "yellow"), ("business", "yellow")], "orange"),
        ([("repayment", "yellow"), ("repayment", "yellow")], "yellow"),
        ([("repayment", "red"), ("business", "red")], "red"),
    ],
)
def test_the_level_is_the_highest_and_one_higher_where_two_families_agree(
    warnings: list[tuple[str, str]], level: str | None
) -> None:
    assert overall_level(warnings) == level
