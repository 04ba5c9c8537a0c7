"""Golden cases of the loan ledger beside those of docs/ledger.md: ties, odd orders, and what is remarked on."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from services.warning.core.borrower import decode, encode
from services.warning.core.facts import Remark
from services.warning.core.facts.ledger import Loan
from services.warning.core.indicators import CATALOGUE
from tests.events import SOURCE, disbursed, event, repaid
from tests.unit.warning.core.lives import Life, as_event

Said = dict[str, Any]


def _due(day: str, due: str, amount: str = "100.00", **more: Any) -> Said:
    data = {"loan_id": "L1", "due_date": due, "amount": amount, "currency": "NGN"}
    named = {"installment": more.pop("installment")} if "installment" in more else {}
    return event("installment.due", "B1", day, {**data, **named}, **more)


def _closed(day: str, on: str | None = None, **more: Any) -> Said:
    return event("loan.closed", "B1", day, {"loan_id": "L1", "closed_on": on or day[:10]}, **more)


def _written_off(day: str, amount: str = "100.00", **more: Any) -> Said:
    data = {"loan_id": "L1", "amount": amount, "currency": "NGN", "on": day[:10]}
    return event("loan.written_off", "B1", day, data, **more)


def _rescheduled(day: str, effective: str, *due: str, currency: str = "NGN", amount: str = "100.00") -> Said:
    schedule = [{"due_date": each, "amount": amount} for each in due]
    said = {"loan_id": "L1", "effective_on": effective, "currency": currency, "schedule": schedule}
    return event("loan.rescheduled", "B1", day, {**said, "reason": "difficulty"})


def _reversed(day: str, payment: str, **said: Any) -> Said:
    more = {"id": said.pop("id")} if "id" in said else {}
    data = {"repayment_id": payment, "loan_id": "L1", "currency": "NGN", "value_date": day[:10], **said}
    return event("repayment.reversed", "B1", day, data, **more)


def _late(life: Life, day: str) -> int | None:
    """Days past due at 00:00 of a day, as known now."""
    as_of = life.calendar.on_due(life.midnight(day))
    found = CATALOGUE["days_past_due"].value(life.borrower.facts, as_of, life.engine.terms)
    assert found is None or isinstance(found, int)
    return found


def _loan(life: Life) -> Loan:
    loan = life.borrower.facts.ledger.loans["L1"]
    assert isinstance(loan, Loan)
    return loan


def _in_any_order(*said: Said) -> list[Life]:
    """A life for each order in which these arrive."""
    lives = []
    for order in permutations(said):
        lives.append(Life())
        lives[-1].says(*order)
    return lives


# Closings


def test_a_closing_before_its_payments_reversal_does_not_hide_it_in_any_order_of_arrival() -> None:
    said = [
        disbursed("B1", "2026-01-10", "2026-02-10"),
        repaid("B1", "2026-02-10", id="pay"),
        _closed("2026-02-10T13:00:00Z"),
        _reversed("2026-02-14", "pay"),
    ]
    for life in _in_any_order(*said):
        assert _late(life, "2026-06-01") == 111


@pytest.mark.parametrize(("pay", "close"), [("a", "b"), ("b", "a")])
def test_of_one_nightly_file_a_closing_knows_the_payments_whatever_their_ids(pay: str, close: str) -> None:
    night = "2026-02-10T00:00:00Z"
    said = [
        disbursed("B1", "2026-01-10", "2026-02-10"),
        repaid("B1", night, id=pay),
        _closed(night, id=close),
        _reversed("2026-02-14", pay),
    ]
    for life in _in_any_order(*said):
        assert _late(life, "2026-02-15") == 5


@pytest.mark.parametrize(("pay", "reverse"), [("a", "b"), ("b", "a")])
def test_of_one_nightly_file_a_closing_does_not_know_the_reversals(pay: str, reverse: str) -> None:
    night = "2026-02-11T00:00:00Z"
    said = [
        disbursed("B1", "2026-01-10", "2026-02-10"),
        repaid("B1", "2026-02-10", id=pay),
        _closed(night),
        _reversed(night, pay, id=reverse),
    ]
    for life in _in_any_order(*said):
        assert _late(life, "2026-02-15") == 5


@pytest.mark.parametrize(("lend", "close"), [("a", "b"), ("b", "a")])
def test_a_loan_closed_and_lent_anew_in_one_nightly_file_counts_from_its_second_cycle(lend: str, close: str) -> None:
    night = "2026-02-11T00:00:00Z"
    said = [
        disbursed("B1", "2026-01-10", "2026-02-10"),
        disbursed("B1", night, "2026-03-10", id=lend),
        _closed(night, id=close),
        _due(night, "2026-03-20", "50.00", id=f"{lend}0"),
    ]
    for life in _in_any_order(*said):
        assert (_late(life, "2026-02-20"), _late(life, "2026-03-12")) == (0, 2)
        assert _loan(life).owed == [1_000_000, 1_500_000]


def test_a_closing_in_advance_settles_what_is_to_be_settled_later_too() -> None:
    life = Life()
    life.says(
        disbursed("B1", "2026-01-10", "2026-02-10", "2026-04-10"),
        _rescheduled("2026-02-20", "2026-03-15", "2026-05-10", "2026-06-10"),
        _closed("2026-02-25"),
    )
    assert (_late(life, "2026-02-25"), _late(life, "2026-03-10"), _late(life, "2026-07-01")) == (15, 0, 0)
    life.says(_due("2026-03-01", "2026-02-12", "30.00"))
    assert (_late(life, "2026-03-10"), _late(life, "2026-07-01")) == (26, 139), "booked later, so owed all the same"


def test_several_closings_settle_one_after_the_other() -> None:
    life = Life()
    life.says(
        disbursed("B1", "2026-01-10", "2026-02-10"),
        _closed("2026-02-12"),
        _due("2026-02-20", "2026-02-15", "40.00"),
        _closed("2026-03-01"),
    )
    assert [_late(life, day) for day in ("2026-02-12", "2026-02-15", "2026-02-20", "2026-03-01", "2026-03-02")] == [
        2, 0, 5, 14, 0,
    ]  # fmt: skip


def test_a_payment_dated_ahead_that_the_closing_knew_of_counts_from_the_closing() -> None:
    life = Life()
    paid = repaid("B1", "2026-02-12", id="standing order")
    paid["data"]["value_date"] = "2026-02-28"
    life.says(disbursed("B1", "2026-01-10", "2026-02-10"), paid, _closed("2026-02-13"))
    assert _late(life, "2026-02-20") == 0
    life.says(_reversed("2026-02-21", "standing order"))
    assert _late(life, "2026-02-22") == 12


def test_a_schedule_that_repeats_the_past_opens_the_loan_again_and_one_that_says_the_same_does_not() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-10", "2026-02-10"), repaid("B1", "2026-02-10", "60.00"), _closed("2026-02-12"))
    life.says(disbursed("B1", "2026-02-20", "2026-02-10"))
    assert _late(life, "2026-04-01") == 0
    life.says(disbursed("B1", "2026-02-21", "2026-02-10", "2026-03-10"))
    assert _late(life, "2026-04-01") == 22


# Instalments


@pytest.mark.parametrize("one", [1, "1"], ids=["number", "text"])
def test_an_instalments_identity_is_the_same_as_number_and_as_text(one: int | str) -> None:
    life = Life()
    loan = disbursed("B1", "2026-01-10", "2026-02-10", "2026-02-10")
    for number, each in enumerate(loan["data"]["schedule"], 1):
        each["installment"] = number
    life.says(loan, _due("2026-01-20", "2026-03-10", installment=one))
    assert (_loan(life).days, _loan(life).owed[-1]) == ([_ordinal("2026-02-10"), _ordinal("2026-03-10")], 2_000_000)


def test_of_one_time_the_greater_id_decides_between_a_schedule_and_a_word_on_one_of_its_days() -> None:
    night = "2026-01-10T00:00:00Z"
    for lend, due, owed in (("a", "b", 400_000), ("b", "a", 1_000_000)):
        said = [disbursed("B1", night, "2026-02-10", id=lend), _due(night, "2026-02-10", "40.00", id=due)]
        assert {tuple(_loan(life).owed) for life in _in_any_order(*said)} == {(owed,)}


def test_a_schedule_does_not_silence_the_instalments_of_its_own_night() -> None:
    night = "2026-01-10T00:00:00Z"
    for lend, due in (("a", "b"), ("b", "a")):
        said = [disbursed("B1", night, "2026-02-10", id=lend), _due(night, "2026-03-10", "40.00", id=due)]
        assert {tuple(_loan(life).owed) for life in _in_any_order(*said)} == {(1_000_000, 1_400_000)}


def test_a_moratorium_of_nothing_owes_nothing() -> None:
    life = Life()
    loan = disbursed("B1", "2026-01-10", "2026-02-10", "2026-03-10")
    loan["data"]["schedule"][0]["amount"] = "0"
    life.says(loan)
    assert [_late(life, day) for day in ("2026-03-01", "2026-03-11")] == [0, 1]


# Reschedules


def test_a_reschedule_dated_ahead_leaves_the_old_plan_in_force_until_then() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-10", "2026-02-10"), _rescheduled("2026-02-12", "2026-03-01", "2026-04-01"))
    life.waits("2026-05-01")
    assert [_late(life, day) for day in ("2026-02-28", "2026-03-02", "2026-04-03")] == [18, 0, 2]
    assert [(each.kind, each.reason, each.at[:10]) for each in life.changes] == [
        ("raised", None, "2026-02-10"),
        ("escalated", None, "2026-02-16"),
        ("cleared", "rescheduled", "2026-02-28"),
        ("raised", None, "2026-04-01"),
        ("escalated", None, "2026-04-07"),
        ("escalated", None, "2026-04-30"),
    ]


def test_one_booked_late_for_a_day_before_the_raise_is_told_as_a_reschedule_and_withdraws_nothing() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-10", "2026-02-10"))
    life.waits("2026-02-20")
    life.says(_rescheduled("2026-02-20", "2026-02-05", "2026-04-01"))
    assert [(each.kind, each.reason) for each in life.changes][-1] == ("cleared", "rescheduled")


def test_what_is_paid_after_the_new_plan_was_late_is_no_reschedule() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-10", "2026-02-10"))
    life.says(_rescheduled("2026-02-20", "2026-02-20", "2026-02-25"), repaid("B1", "2026-03-02"))
    assert [(each.kind, each.reason) for each in life.changes] == [
        ("raised", None), ("escalated", None), ("cleared", "rescheduled"), ("raised", None), ("cleared", "condition"),
    ]  # fmt: skip


def test_a_payment_of_the_old_plan_taken_back_after_the_reschedule_is_owed_from_its_old_due_date() -> None:
    said = [
        disbursed("B1", "2026-01-10", "2026-02-10", "2026-03-10"),
        repaid("B1", "2026-02-10", id="pay"),
        _rescheduled("2026-02-20", "2026-02-20", "2026-04-10"),
        _reversed("2026-02-24", "pay"),
    ]
    for life in _in_any_order(*said):
        assert [_late(life, day) for day in ("2026-02-25", "2026-04-20")] == [15, 69]
        life.says(repaid("B1", "2026-04-20"))
        assert _late(life, "2026-04-21") == 11, "the oldest is paid first"


def test_a_newer_reschedule_takes_the_place_of_those_that_would_have_come_later() -> None:
    life = Life()
    life.says(
        disbursed("B1", "2026-01-10", "2026-02-10"),
        _rescheduled("2026-01-20", "2026-02-09", "2026-02-15"),
        _rescheduled("2026-01-25", "2026-02-05", "2026-03-15"),
    )
    assert [_late(life, day) for day in ("2026-02-20", "2026-03-17")] == [0, 2]


def test_a_loan_is_redenominated_by_a_reschedule_in_the_new_currency() -> None:
    life = Life()
    paid = repaid("B1", "2026-03-10", "50.00")
    paid["data"]["currency"] = "USD"
    life.says(
        disbursed("B1", "2026-01-10", "2026-02-10", amount="40000.00"),
        _rescheduled("2026-02-01", "2026-02-01", "2026-03-10", currency="USD", amount="50.00"),
        paid,
    )
    assert [_late(life, day) for day in ("2026-02-12", "2026-03-12")] == [0, 0]


# Write-offs


def test_a_write_off_ends_its_warning_at_once_and_says_so() -> None:
    life = Life(PATIENT_LATE)
    life.says(disbursed("B1", "2026-01-10", "2026-02-10"), _written_off("2026-02-20"))
    life.waits("2026-04-01")
    last = life.changes[-1]
    assert (life.told[-1], last.reason) == ("cleared yellow 2026-02-20T12", "written_off")
    assert last.text == {
        "en": "Loan L1 was written off; its warning ends.",
        "zh": "贷款 L1 已核销，预警随之解除。",
    }


def test_a_written_off_loan_counts_again_by_what_is_booked_later_and_not_by_a_recovery() -> None:
    life = Life()
    life.says(
        disbursed("B1", "2026-01-10", "2026-02-10"), _written_off("2026-02-20"), repaid("B1", "2026-03-01", "30.00")
    )
    assert _late(life, "2026-03-10") == 0
    life.says(_rescheduled("2026-03-10", "2026-03-10", "2026-04-10"))
    assert _late(life, "2026-04-12") == 2


PATIENT_LATE = """
ruleset: patient
rules:
  - {id: late, family: repayment, measure: days_past_due, above: {blue: 1, yellow: 7}, clear: {below: 0, after: 3d}}
"""


# Payments and what is taken back of them


def test_a_payment_told_both_ways_counts_once_and_can_be_reversed() -> None:
    loan = disbursed("B1", "2026-02-20", "2026-02-10")
    loan["data"]["payments"] = [{"repayment_id": "pay", "amount": "90.00", "value_date": "2026-02-10"}]
    said = [loan, repaid("B1", "2026-02-21", id="pay"), _reversed("2026-02-22", "pay", amount="40.00")]
    for life in _in_any_order(*said):
        assert [each.left() for each in _loan(life).payments.values()] == [600_000], "its own event holds"
        assert _late(life, "2026-02-25") == 15


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"amount": "100.01"}, "at most what is left of it, 100 of 100 NGN; the reversal takes back 100.01"),
        ({"currency": "USD"}, "expected the payment's currency, NGN; the reversal names USD"),
        ({"loan_id": "L2"}, "expected the payment's loan, L1; the reversal names L2"),
    ],
)
def test_a_reversal_that_does_not_fit_is_refused_naming_both_sides_and_changes_nothing(said: Said, why: str) -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-10", "2026-02-10"), repaid("B1", "2026-02-10", id="pay"))
    before, remarks = encode(life.borrower), list[Remark]()
    found = life.engine.decide(life.borrower, as_event(_reversed("2026-02-14", "pay", **said)), 0, [], remarks)

    assert (found, encode(life.borrower)) == ("reversal_mismatch", before)
    assert why in remarks[-1].detail


def test_more_than_is_left_is_refused_and_a_reversal_that_came_first_and_does_not_fit_is_void() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-10", "2026-02-10"), repaid("B1", "2026-02-10", id="pay"))
    parts = _reversed("2026-02-14", "pay", amount="70.00"), _reversed("2026-02-15", "pay", amount="40.00")
    assert life.says(*parts) == ["applied", "reversal_mismatch"]

    life, remarks = Life(), list[Remark]()
    life.says(disbursed("B1", "2026-01-10", "2026-02-10"), _reversed("2026-02-09", "pay", currency="USD"))
    life.engine.decide(life.borrower, as_event(repaid("B1", "2026-02-10", id="pay")), 0, [], remarks)
    assert [each.name for each in remarks] == ["reversal_void"]
    assert _late(life, "2026-03-01") == 0


# What is remarked on


def _remarks(life: Life, *said: Said) -> list[Remark]:
    remarks: list[Remark] = []
    for each in said:
        assert life.engine.decide(life.borrower, as_event(each), 0, life.changes, remarks) == "applied"
    return remarks


def test_a_schedule_that_lacks_what_had_fallen_due_or_was_paid_is_remarked_on_until_it_is_repeated() -> None:
    life = Life()
    days = ("2026-02-10", "2026-03-10", "2026-04-10")
    life.says(disbursed("B1", "2026-01-10", *days), repaid("B1", "2026-02-10", "200.00"))
    (remark,) = _remarks(life, disbursed("B1", "2026-02-20", "2026-04-10"))
    assert (remark.name, remark.about) == ("lacks_past", "L1")
    assert "2026-02-10, 2026-03-10" in remark.detail
    assert _loan(life).story.lacks == [_ordinal("2026-02-10"), _ordinal("2026-03-10")]  # type: ignore[union-attr]

    assert _remarks(life, disbursed("B1", "2026-02-21", *days)) == []
    assert _loan(life).story.lacks == []  # type: ignore[union-attr]


def test_money_in_another_currency_than_the_plans_is_remarked_on() -> None:
    life = Life()
    paid = repaid("B1", "2026-02-10")
    paid["data"]["currency"] = "USD"
    due = _due("2026-02-11", "2026-03-10")
    due["data"]["currency"] = "USD"
    life.says(disbursed("B1", "2026-01-10", "2026-02-10"))
    assert [each.name for each in _remarks(life, paid, due)] == ["other_currency", "other_currency"]
    assert _late(life, "2026-02-12") == 2


def test_a_reversal_whose_payment_never_comes_is_remarked_on_once_and_stays_visible() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-10", "2027-02-10"), _reversed("2026-01-12", "never"))
    days = ("2026-03-20", "2026-06-20", "2026-09-20")
    remarks = _remarks(life, *(repaid("B1", day, "1.00") for day in days))
    assert [(each.name, each.about) for each in remarks] == [("reversal_alone", "L1")]
    assert SOURCE in remarks[0].detail
    assert (_loan(life).alone, life.borrower.facts.ledger.returned) == (1, {})


# What is stored

STORED_BEFORE = bytes.fromhex(
    "88a26964a24231a5636c6f636bcf00064ab358391000a3647565cf00064cb37a997c00a5666163747384a86578706f737572659180a66c65"
    "646765729282a24c319fa34e474ecf000647a2cc697000cfb7db7f9a560ae574ce000f42409292ce000b4949ce000f424092ce000b4965ce"
    "000f424081ce000b498494ce000f4240a34e474ecf000647b6ea40d000cfc5a5528f45897b2781cfd8aed90d07fe0f9793cf00064a76feb2"
    "f000ce000f4240a34e474e81cfef8f86c352042952cf00064ab358391000c0cf00064ab35839100093ce000b4949ce000b4965ce000b4984"
    "93ce000f4240ce001e8480ce002dc6c0ce000f4240cf00064a76feb2f000c0a24c329fa34e474ecf000647a2cc697000cf739b24f22cfa72"
    "b5ce000f42409292ce000b4949ce000f424092ce000b4965ce000f42408081cf0f7d494e8912998293cf00064a76feb2f000ce000927c0a3"
    "4e474e8093cf00064a9f3a61b000cf00064a9f3a61b000cf3fa78641104467c3cf00064a9f3a61b00092ce000b4949ce000b496592ce000f"
    "4240ce001e8480ce000927c0cf00064a76feb2f000c0c3a770726f66696c659aff00c0c0c0c0c0c0c0c0a7726576656e75659180a572756c"
    "657381a46c61746596cf00064cb37a997c00c08000ff00a47365656ec47074e50a569a7fdbb71087c10159cf8ad9277b89458f52a5c5b08c"
    "c101b2b041b7970ffe070dd9aed89051c2010e61f159b572fa2cf2249b731087c101e0b73221829912894e497d0f9051c2013386b33ec367"
    "44104186a73fd05cc201a139d1bc9e242e8658686e4f7062c201b74c21c5a87072756e655f6f6ece000b4978a772756c65736574b0623435"
    "61646234656534623834343432"
)
"""B1 as it was encoded before closings were words: L1 open with a reversal that waits, L2 closed for less."""


def test_a_state_stored_before_goes_on_as_it_was() -> None:
    life = Life()
    life.borrower = decode(STORED_BEFORE)
    loans = life.borrower.facts.ledger.loans
    assert (_late(life, "2026-03-13"), loans["L2"].owed, loans["L1"].owed) == (3, [], [1_000_000, 2_000_000, 3_000_000])

    life.says(repaid("B1", "2026-03-09", id="p3"), repaid("B1", "2026-03-10", id="p1"))
    assert _late(life, "2026-03-13") == 3, "p3 was taken back before it came, and p1 is known"
    life.says(repaid("B1", "2026-03-11"), _reversed("2026-03-12", "p2", loan_id="L2"))
    assert _late(life, "2026-03-13") == 31, "the closing of L2 did not know that its payment would come back"
    assert decode(encode(life.borrower)) == life.borrower


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def test_a_closing_told_again_every_night_does_not_grow_for_ever_and_hides_nothing() -> None:
    life, sizes = Life(), []
    life.says(disbursed("B1", "2026-01-05", "2026-02-10"), repaid("B1", "2026-02-10", id="pay"))
    for night in range(_ordinal("2026-02-11"), _ordinal("2027-12-01")):
        life.says(_closed(f"{date.fromordinal(night)}T00:00:00Z", "2026-02-10"))
        sizes.append(len(_loan(life).story.words))  # type: ignore[union-attr]
    assert max(sizes[200:]) <= 90 + 56 + 2
    life.says(_reversed("2027-12-01", "pay"))
    assert _late(life, "2027-12-02") == 660


def test_a_number_used_for_cycle_after_cycle_does_not_grow_for_ever() -> None:
    life, sizes = Life(), []
    for month in range(1, 60):
        year, rest = divmod(month, 12)
        begin, due = f"{2020 + year}-{rest + 1:02}-02", f"{2020 + year}-{rest + 1:02}-20"
        life.says(disbursed("B1", begin, due), repaid("B1", due), _closed(f"{due}T13:00:00Z"))
        sizes.append(len(encode(life.borrower)))
    assert max(sizes[12:]) < 1.2 * max(sizes[:12])
    assert decode(encode(life.borrower)) == life.borrower
    assert life.changes == []
