"""How a warning is raised, moves, clears, and is withdrawn."""

from tests.events import disbursed, event, exposed, repaid
from tests.unit.warning.core.lives import PATIENT, PLAIN, Life


def _reversed(day: str, payment: str, value_date: str) -> dict[str, object]:
    data = {"repayment_id": payment, "loan_id": "L1", "amount": "100.00", "currency": "NGN", "value_date": value_date}
    return event("repayment.reversed", "B1", day, data)


def test_a_hold_lets_a_band_be_hit_for_a_while_before_it_is_told() -> None:
    life = Life(PATIENT)
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"))
    life.waits("2026-02-01")
    assert life.told == ["raised blue 2026-01-12T23", "escalated yellow 2026-01-18T23"]


def test_a_payment_within_the_hold_keeps_it_quiet() -> None:
    life = Life(PATIENT)
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"), repaid("B1", "2026-01-12"))
    life.waits("2026-02-01")
    assert life.told == []


def test_probation_eases_to_the_mildest_level_and_clears_when_it_has_run_out() -> None:
    life = Life(PATIENT)
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"), repaid("B1", "2026-01-25"))
    life.waits("2026-02-01")
    assert life.told[2:] == ["eased blue 2026-01-25T12", "cleared blue 2026-01-28T12"]
    assert life.changes[-1].reason == "condition"


def test_a_relapse_within_probation_starts_it_over() -> None:
    life = Life(PATIENT)
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"), repaid("B1", "2026-01-25", id="pay"))
    life.says(_reversed("2026-01-27", "pay", "2026-01-25"), repaid("B1", "2026-01-31"))
    life.waits("2026-03-01")
    assert life.told[-2:] == ["eased blue 2026-01-31T12", "cleared blue 2026-02-03T12"]
    assert len({each.warning_id for each in life.changes}) == 1


def test_a_reversed_payment_raises_anew_with_the_age_of_what_it_had_paid() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"), repaid("B1", "2026-01-10", id="pay"))
    life.says(_reversed("2026-01-20", "pay", "2026-01-10"))
    assert life.told == ["raised yellow 2026-01-20T12"]
    assert life.changes[0].measure["value"] == 10


def test_a_reversal_that_comes_before_its_payment_takes_it_back_all_the_same() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"), _reversed("2026-01-09", "pay", "2026-01-08"))
    life.says(repaid("B1", "2026-01-08", id="pay"))
    life.waits("2026-01-12")
    assert life.told == ["raised blue 2026-01-10T23"]


def test_a_payment_booked_late_but_made_in_time_withdraws_the_warning() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"))
    paid = repaid("B1", "2026-01-13")
    life.says({**paid, "data": {**paid["data"], "value_date": "2026-01-10"}})
    assert life.told == ["raised blue 2026-01-10T23", "withdrawn blue 2026-01-13T12"]
    assert (life.changes[1].reason, life.changes[1].clears_when) == ("corrected", None)


def test_a_schedule_corrected_to_a_later_date_withdraws_the_warning() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"), disbursed("B1", "2026-01-12", "2026-02-10"))
    assert life.told == ["raised blue 2026-01-10T23", "withdrawn blue 2026-01-12T12"]


def test_wrong_then_but_in_a_band_now_stays_open_and_is_banded_anew() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10", "2026-01-12"))
    life.waits("2026-01-18")
    paid = repaid("B1", "2026-01-18")
    life.says({**paid, "data": {**paid["data"], "value_date": "2026-01-10"}})
    assert life.told[-1] == "eased blue 2026-01-18T12"


def test_a_payment_made_after_the_raise_clears_and_does_not_withdraw() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"), repaid("B1", "2026-01-13"))
    assert life.told[-1] == "cleared blue 2026-01-13T12"


def test_a_closed_warning_is_never_withdrawn() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"), repaid("B1", "2026-01-13"))
    paid = repaid("B1", "2026-01-14")
    life.says({**paid, "data": {**paid["data"], "value_date": "2026-01-09"}})
    assert len(life.changes) == 2


def test_after_four_hundred_days_a_correction_clears_and_does_not_withdraw() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"))
    life.waits("2027-03-01")
    paid = repaid("B1", "2027-03-01")
    life.says({**paid, "data": {**paid["data"], "value_date": "2026-01-09"}})
    assert life.told[-1] == "cleared red 2027-03-01T12"
    assert life.changes[-1].reason == "corrected"


def test_what_an_open_warning_was_raised_on_is_kept_for_a_year_though_its_loan_is_closed() -> None:
    life = Life()
    life.says(
        disbursed("B1", "2026-01-05", "2026-01-10", loan="A"),
        disbursed("B1", "2026-01-05", "2026-01-12", loan="B"),
        event("loan.closed", "B1", "2026-01-20", {"loan_id": "A", "closed_on": "2026-01-20"}),
    )
    life.waits("2026-12-01")
    paid = repaid("B1", "2026-12-01", loan="B")
    life.says({**paid, "data": {**paid["data"], "value_date": "2026-01-12"}})
    assert life.told[-1] == "cleared red 2026-12-01T12"


def test_a_closed_loan_is_no_longer_past_due() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"))
    life.says(event("loan.closed", "B1", "2026-01-13", {"loan_id": "L1", "closed_on": "2026-01-13"}))
    life.waits("2026-03-01")
    assert life.told == ["raised blue 2026-01-10T23", "cleared blue 2026-01-13T12"]


def test_an_absent_measure_proves_nothing() -> None:
    rules = PLAIN.replace("days_past_due", "revenue_change_3m").replace(
        "above: {blue: 1, yellow: 7, red: 30}", "below: {red: -0.1}"
    )
    life = Life(rules)
    months = [f"2025-{month:02}" for month in range(1, 9)]
    life.says(*(_sold("2025-12-01", month, "10" if month > "2025-05" else "100") for month in months))
    assert [each.kind for each in life.changes] == ["raised"]
    life.says(*(_sold("2025-12-02", month, "100", currency="USD") for month in months[-3:]))
    assert [each.kind for each in life.changes] == ["raised"]
    assert life.borrower.rules["late"].open is not None


def _sold(day: str, month: str, amount: str, currency: str = "NGN") -> dict[str, object]:
    return event("revenue.reported", "B1", f"{day}T12:00:00Z", {"month": month, "amount": amount, "currency": currency})


def test_a_window_that_moves_on_clears_a_warning_by_itself() -> None:
    rules = PLAIN.replace("days_past_due", "other_lenders_90d").replace("blue: 1, yellow: 7, red: 30", "red: 2")
    life = Life(rules)
    life.says(exposed("B1", "2026-01-05", "bank-1"), exposed("B1", "2026-02-05", "bank-2"))
    life.waits("2026-06-01")
    assert life.told == ["raised red 2026-02-05T12", "cleared red 2026-04-04T23"]


def test_a_payment_that_leaves_too_little_overdue_for_a_day_does_not_break_the_count() -> None:
    rules = PLAIN.replace("rules:", 'ledger: {materiality: {absolute: "10"}, grace_days: 1}\nrules:')
    life = Life(rules)
    first, second = repaid("B1", "2026-01-01T10:00:00Z", "5.00"), repaid("B1", "2026-01-01T10:01:00Z", "5.00")
    life.says(first, {**second, "data": {**second["data"], "value_date": "2026-01-02"}})
    for day, amount in (("2026-01-01", "20.00"), ("2026-01-02", "5.00")):
        due = {"loan_id": "L1", "due_date": day, "amount": amount, "currency": "NGN"}
        life.says(event("installment.due", "B1", "2026-01-01T11:00:00Z", due))
    life.waits("2026-01-05")
    assert life.told == ["raised blue 2026-01-02T23"]
