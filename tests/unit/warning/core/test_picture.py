"""What a person is shown of a borrower."""

import pytest

from services.warning.core.picture import LoanStanding, loans, overall_level
from tests.events import disbursed, event, repaid
from tests.unit.warning.core.lives import Life


def _shown(life: Life, day: str) -> LoanStanding:
    (loan,) = loans(life.borrower, life.calendar.on_due(life.midnight(day)), life.engine.terms)
    return loan


def test_paid_is_what_counts_as_of_now_and_not_what_is_dated_ahead() -> None:
    life = Life()
    ahead = repaid("B1", "2026-02-10", "60.00")
    ahead["data"]["value_date"] = "2026-03-01"
    life.says(disbursed("B1", "2026-01-05", "2026-02-05"), repaid("B1", "2026-02-05", "40.00"), ahead)
    assert [_shown(life, day).paid for day in ("2026-02-05", "2026-02-12", "2026-03-02")] == ["0", "40", "100"]


def test_a_loan_is_shown_closed_only_while_nothing_is_owed() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-02-05"), repaid("B1", "2026-02-05", id="pay"))
    life.says(event("loan.closed", "B1", "2026-02-06", {"loan_id": "L1", "closed_on": "2026-02-06"}))
    closed = _shown(life, "2026-02-08")
    assert (closed.closed, closed.scheduled, closed.paid) == (True, "100", "100")
    back = {"repayment_id": "pay", "loan_id": "L1", "currency": "NGN", "value_date": "2026-02-05"}
    life.says(event("repayment.reversed", "B1", "2026-02-07", back))
    opened = _shown(life, "2026-02-08")
    assert (opened.closed, opened.paid, opened.days_past_due) == (False, "0", 3)


def test_a_write_off_is_shown_with_its_amount_and_recoveries_as_paid() -> None:
    life = Life()
    said = {"loan_id": "L1", "amount": "100.00", "currency": "NGN", "on": "2026-02-20"}
    life.says(disbursed("B1", "2026-01-05", "2026-02-05"), event("loan.written_off", "B1", "2026-02-20", said))
    life.says(repaid("B1", "2026-03-01", "30.00"))
    loan = _shown(life, "2026-03-02")
    assert (loan.written_off, loan.paid) == ({"amount": "100", "currency": "NGN", "on": "2026-02-20"}, "30")
    assert (loan.closed, loan.days_past_due) == (False, 0)


def test_after_a_reschedule_the_plan_in_force_is_shown_with_what_was_paid_towards_it() -> None:
    life = Life()
    plan = {"loan_id": "L1", "effective_on": "2026-02-20", "currency": "NGN", "reason": "difficulty"}
    schedule = [{"due_date": "2026-03-20", "amount": "70.00"}]
    life.says(disbursed("B1", "2026-01-05", "2026-02-05"), repaid("B1", "2026-02-06", "40.00"))
    life.says(event("loan.rescheduled", "B1", "2026-02-15", {**plan, "schedule": schedule}))
    life.says(repaid("B1", "2026-02-25", "10.00"))
    shown = [(each.scheduled, each.paid) for each in (_shown(life, "2026-02-18"), _shown(life, "2026-02-28"))]
    assert shown == [("100", "40"), ("70", "10")]


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
