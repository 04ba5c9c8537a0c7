"""A borrower as of a moment, for people."""

import pytest

from services.warning.core.indicators import CATALOGUE
from services.warning.core.picture import LoanStanding, loans, overall_level, readings
from tests.events import disbursed, event, repaid
from tests.unit.warning.core.lives import Life


def test_loans_are_listed_with_the_one_longest_past_due_first() -> None:
    life = Life()
    life.says(
        disbursed("B1", "2026-01-05", "2026-01-20", loan="A", amount="100.00"),
        disbursed("B1", "2026-01-05", "2026-01-10", loan="B", amount="50.5"),
        repaid("B1", "2026-01-19", "0.5", loan="B"),
        repaid("B1", "2026-01-19", "7.00", loan="unheard"),
        disbursed("B1", "2026-01-05", "2026-01-10", loan="C"),
        event("loan.closed", "B1", "2026-01-21", {"loan_id": "C", "closed_on": "2026-01-21"}),
    )
    as_of = life.calendar.on_due(life.midnight("2026-01-25"))
    assert loans(life.borrower, as_of, life.engine.terms) == [
        LoanStanding("B", 15, "NGN", "50.5", "0.5", closed=False),
        LoanStanding("A", 5, "NGN", "100", "0", closed=False),
        LoanStanding("C", 0, "NGN", "100", "0", closed=True),
        LoanStanding("unheard", 0, None, "0", "0", closed=False),
    ]


def test_every_indicator_of_the_catalogue_is_there_or_absent() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-20"))
    found = readings(life.borrower, life.calendar.on_due(life.midnight("2026-01-25")), life.engine.terms)
    assert found.keys() == CATALOGUE.keys()
    assert {name for name, each in found.items() if each is not None} == {"days_past_due"}


@pytest.mark.parametrize(
    ("warnings", "level"),
    [
        ([], None),
        ([("repayment", "yellow")], "yellow"),
        ([("repayment", "yellow"), ("business", "blue")], "yellow"),
        ([("repayment", "yellow"), ("repayment", "yellow")], "yellow"),
        ([("repayment", "yellow"), ("business", "yellow")], "orange"),
        ([("repayment", "red"), ("business", "red")], "red"),
    ],
)
def test_families_that_agree_raise_the_borrowers_level(warnings: list[tuple[str, str]], level: str | None) -> None:
    assert overall_level(warnings) == level
