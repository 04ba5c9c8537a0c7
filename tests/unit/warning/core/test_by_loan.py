"""One warning for each loan: its own life and id, and nothing for a loan that is quiet."""

from base64 import b64decode
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.warning.core.borrower import decode, encode
from services.warning.core.by_loan import LoanFacts, resting
from services.warning.core.calendar import AsOf, Calendar
from services.warning.core.changes import Change, named_id
from services.warning.core.engine import Engine
from services.warning.core.indicators import CATALOGUE
from services.warning.core.rules.loading import load_ruleset
from services.warning.settings import SHIPPED_RULESET
from tests.events import disbursed, event, exposed, repaid
from tests.unit.warning.core.histories import DAYS, RULES, START, ZONES, Said, engine_of, histories, lived
from tests.unit.warning.core.lives import Life

PER_LOAN = """
ruleset: each
rules:
  - {id: late, family: repayment, measure: days_past_due, per: loan, above: {blue: 1, yellow: 7, red: 30}}
"""
PER_BORROWER = PER_LOAN.replace("per: loan, ", "")
IDLE = """
ruleset: idle
rules:
  - {id: idle, family: repayment, measure: days_until_due, per: loan, above: {blue: 31}}
"""
ENGINES = {zone: engine_of(RULES, zone) for zone in ZONES}


def _two_unpaid(rules: str) -> Life:
    life = Life(rules)
    life.says(
        disbursed("B1", "2026-01-05", "2026-01-10", loan="B", amount="90000.00"),
        disbursed("B1", "2026-01-05", "2026-01-10", loan="A", amount="100.00"),
    )
    life.waits("2026-01-20")
    return life


def _of(life: Life, loan: str) -> list[Change]:
    return [each for each in life.changes if each.loan_id == loan]


def test_each_loan_lives_its_own_life_under_an_id_of_its_own() -> None:
    life = _two_unpaid(PER_LOAN)
    life.says(repaid("B1", "2026-01-21", "100.00", loan="A"))
    life.waits("2026-03-01")

    assert [(each.kind, each.level) for each in _of(life, "A")] == [
        ("raised", "blue"), ("escalated", "yellow"), ("cleared", None),
    ]  # fmt: skip
    assert [(each.kind, each.level) for each in _of(life, "B")] == [
        ("raised", "blue"), ("escalated", "yellow"), ("escalated", "red"),
    ]  # fmt: skip
    raised = life.midnight("2026-01-11")
    for loan in ("A", "B"):
        assert {each.warning_id for each in _of(life, loan)} == {named_id("warning", "B1", "late", loan, raised, 0)}
        assert {each.per for each in _of(life, loan)} == {"loan"}


def test_a_rule_of_the_borrower_keeps_the_ids_it_had() -> None:
    life = _two_unpaid(PER_BORROWER)
    assert {each.warning_id for each in life.changes} == {
        named_id("warning", "B1", "late", life.midnight("2026-01-11"), 0)
    }
    assert {each.per for each in life.changes} == {"borrower"}


def test_a_rule_of_the_borrower_names_at_each_change_the_loan_that_is_the_worst_then() -> None:
    life = _two_unpaid(PER_BORROWER)
    life.says(repaid("B1", "2026-01-21", "100.00", loan="A"))
    life.waits("2026-03-01")
    assert [(each.kind, each.loan_id) for each in life.changes] == [
        ("raised", "A"), ("escalated", "A"), ("escalated", "B"),
    ]  # fmt: skip


def test_a_loan_is_compared_with_its_own_past() -> None:
    life = Life(PER_LOAN)
    life.says(disbursed("B1", "2026-01-05", "2026-01-10", "2026-02-10", loan="A"), repaid("B1", "2026-01-15", loan="A"))
    life.says(disbursed("B1", "2026-01-16", "2026-02-10", loan="B"))
    life.waits("2026-02-12")
    pasts = {each.loan_id: each.evidence["own_past"] for each in life.changes if each.at > "2026-02"}
    assert pasts["A"] == {"raised_before": 1, "last_raised_at": "2026-01-10T23:00:00Z"}
    assert pasts["B"] == {"raised_before": 0, "last_raised_at": None}


def test_a_correction_of_one_loan_withdraws_its_warning_and_leaves_the_others() -> None:
    life = _two_unpaid(PER_LOAN)
    paid = repaid("B1", "2026-01-21", "100.00", loan="A")
    life.says({**paid, "data": {**paid["data"], "value_date": "2026-01-09"}})
    assert [(each.kind, each.reason, each.loan_id) for each in life.changes[4:]] == [("withdrawn", "corrected", "A")]


def test_a_guard_asks_the_borrower_where_it_must_and_the_loan_where_it_can() -> None:
    rules = PER_LOAN.replace("red: 30}", "red: 30}, given: other_lenders_90d >= 1 && days_until_due > 20")
    life = Life(rules)
    life.says(
        disbursed("B1", "2026-01-05", "2026-01-10", loan="A"),
        disbursed("B1", "2026-01-05", "2026-01-25", loan="B"),
    )
    life.waits("2026-01-15")
    assert life.told == [], "nothing is known of other lenders"
    life.says(exposed("B1", "2026-01-15", "bank-1"))
    assert [(each.kind, each.loan_id) for each in life.changes] == [("raised", "A")]


def test_what_all_quiet_loans_have_in_common_can_raise_each_of_them() -> None:
    life = Life(IDLE)
    for loan in ("A", "B"):
        life.says(disbursed("B1", "2026-01-05", "2026-01-20", loan=loan), repaid("B1", "2026-01-06", loan=loan))
    life.says(disbursed("B1", "2026-01-07", "2026-01-20", loan="A", amount="300.00"))
    assert [(each.kind, each.loan_id) for each in life.changes] == [("raised", "A"), ("raised", "B"), ("cleared", "A")]


def test_time_alone_can_raise_loans_of_which_nothing_is_unpaid() -> None:
    life = Life("""
ruleset: alone
rules:
  - {id: alone, family: mixed, measure: 3 * other_lenders_90d - days_past_due, per: loan, below: {blue: 1}}
""")
    life.says(exposed("B1", "2026-01-05", "bank-1"))
    for loan in ("A", "B"):
        life.says(disbursed("B1", "2026-01-05", "2026-02-05", loan=loan), repaid("B1", "2026-01-06", loan=loan))
    life.waits("2026-06-01")
    assert [(each.kind, each.loan_id, each.at[:10]) for each in life.changes] == [
        ("raised", "A", "2026-04-04"), ("raised", "B", "2026-04-04"),
    ]  # fmt: skip


def test_quiet_loans_add_nothing_to_what_rules_remember() -> None:
    life = Life(PER_LOAN)
    for number in range(50):
        loan = f"L{number}"
        life.says(disbursed("B1", "2026-01-05", "2026-02-05", loan=loan))
        if number:
            life.says(repaid("B1", "2026-01-06", loan=loan))
    (state,) = life.borrower.rules.values()
    assert (state.due, state.loans) == (life.midnight("2026-02-06"), {}), "one moment for the one that is unpaid"

    life.waits("2026-02-07")
    assert state.loans.keys() == {"L0"}
    assert state.loans["L0"].due == 0, "the rule's own stands for it"


def _pay_and_close(life: Life, loan: str, day: str) -> None:
    life.says(repaid("B1", day, loan=loan), event("loan.closed", "B1", day, {"loan_id": loan, "closed_on": day}))


def test_what_is_remembered_of_a_loan_goes_when_the_ledger_forgets_it() -> None:
    life = Life(PER_LOAN)
    life.says(disbursed("B1", "2026-01-05", "2026-01-10", loan="A"))
    _pay_and_close(life, "A", "2026-01-15")
    assert life.borrower.rules["late"].loans["A"].raised == 1
    life.says(exposed("B1", "2026-03-15", "bank-1"), exposed("B1", "2026-09-15", "bank-1"))
    assert "A" not in life.borrower.facts.ledger.loans
    assert life.borrower.rules == {}


@pytest.mark.parametrize("looks", [[], ["2026-09-15", "2027-02-01", "2027-06-30"]])
def test_a_warning_of_a_forgotten_loan_is_cleared_and_says_why_at_a_moment_that_depends_on_no_look(
    looks: list[str],
) -> None:
    life = Life(IDLE)
    life.says(disbursed("B1", "2026-01-05", "2026-01-20", loan="A"))
    _pay_and_close(life, "A", "2026-01-15")
    life.says(*(exposed("B1", day, "bank-1") for day in looks))
    life.waits("2028-12-31")
    raised, cleared = life.changes
    assert (raised.kind, cleared.kind, cleared.reason, cleared.per) == ("raised", "cleared", "loan_forgotten", "loan")
    assert (cleared.at[:10], cleared.loan_id, cleared.warning_id) == ("2027-06-19", "A", raised.warning_id)
    assert cleared.text["en"] == (
        "Loan A is no longer kept, closed long ago or never disbursed; its warning of rule idle is cleared."
    )
    assert life.borrower.rules == {}
    assert life.borrower.due == 0


def _ruled(life: Life, rules: str) -> None:
    life.engine = Engine(load_ruleset(rules), Calendar("Africa/Lagos"))


def test_a_warning_of_the_borrower_goes_on_as_its_loans_and_the_others_are_raised() -> None:
    life = _two_unpaid(PER_BORROWER)
    before = life.changes[-1]
    _ruled(life, PER_LOAN)
    life.says(repaid("B1", "2026-01-21", "1.00", loan="A"))
    assert [(each.kind, each.level, each.loan_id) for each in life.changes[2:]] == [("raised", "yellow", "B")]

    life.says(repaid("B1", "2026-01-22", "99.00", loan="A"))
    over = life.changes[-1]
    assert (over.kind, over.loan_id, over.number, over.warning_id) == ("cleared", "A", 2, before.warning_id)


def test_a_warning_that_was_the_borrowers_is_not_withdrawn_for_what_another_loan_may_have_caused() -> None:
    life = _two_unpaid(PER_BORROWER)
    _ruled(life, PER_LOAN)
    paid = repaid("B1", "2026-01-21", "100.00", loan="A")
    life.says({**paid, "data": {**paid["data"], "value_date": "2026-01-09"}})
    assert ("cleared", "condition", "A") in [(each.kind, each.reason, each.loan_id) for each in life.changes]


def test_a_warning_of_the_borrower_that_names_no_loan_is_cleared_and_says_why() -> None:
    rules = PER_BORROWER.replace("measure: days_past_due", "measure: 2 * days_past_due")
    life = _two_unpaid(rules)
    _ruled(life, rules.replace("above", "per: loan, above"))
    life.says(exposed("B1", "2026-01-21", "bank-1"))
    cleared, *raised = life.changes[-3:]
    assert (cleared.kind, cleared.reason) == ("cleared", "rule_retired")
    assert cleared.text["en"] == "Rule late now warns of each loan by itself; its warning of the borrower is cleared."
    assert [(each.kind, each.loan_id) for each in raised] == [("raised", "A"), ("raised", "B")]


def test_of_the_loans_warnings_the_worst_goes_on_as_the_borrowers_and_the_others_are_cleared() -> None:
    life = Life(PER_LOAN)
    life.says(
        disbursed("B1", "2026-01-05", "2026-01-18", loan="A"), disbursed("B1", "2026-01-05", "2026-01-10", loan="B")
    )
    life.waits("2026-01-20")
    _ruled(life, PER_BORROWER)
    life.says(exposed("B1", "2026-01-21", "bank-1"))
    (cleared,) = [each for each in life.changes if each.kind == "cleared"]
    assert (cleared.loan_id, cleared.reason) == ("A", "rule_retired")
    life.says(repaid("B1", "2026-01-22", loan="B"))
    life.says(repaid("B1", "2026-01-22T13:00:00Z", loan="A"))
    assert [(each.kind, each.per, each.warning_id) for each in life.changes[-2:]] == [
        ("eased", "borrower", _of(life, "B")[0].warning_id), ("cleared", "borrower", _of(life, "B")[0].warning_id),
    ]  # fmt: skip


def test_every_warning_of_a_retired_rule_is_cleared_loan_by_loan() -> None:
    life = _two_unpaid(PER_LOAN)
    _ruled(life, IDLE)
    life.says(exposed("B1", "2026-01-21", "bank-1"))
    assert [(each.kind, each.reason, each.loan_id) for each in life.changes[4:6]] == [
        ("cleared", "rule_retired", "A"), ("cleared", "rule_retired", "B"),
    ]  # fmt: skip
    assert life.borrower.rules.keys() == {"idle"}


STORED_BEFORE = (
    "iKJpZKJCMaVjbG9ja88ABkqUVOJcAKNkdWXPAAZMYwM7/AClZmFjdHOEqGV4cG9zdXJlkYCmbGVkZ2VykoKhQZ+jTkdOzwAGR6LMaXAAz7gYp4tF"
    "ivybzgAPQkCRks4AC0lEzgAPQkCAgIDAzwAGR6LMaXAAkc4AC0lEkc4AD0JAAP/AoUKfo05HTs8ABkeizGlwAM+pw4/7Q7LTTc4AD0JAkZLOAAtJ"
    "RM4AD0JAgICAwM8ABkeizGlwAJHOAAtJRJHOAA9CQAD/wMOncHJvZmlsZZr/AMDAwMDAwMDAp3JldmVudWWRgKVydWxlc4GubWlzc2VkX3BheW1l"
    "bnSWzwAGTGMDO/wAmc8ABkobodYcAM8ABkobodYcAAABoUECqXJlcGF5bWVudP//gAHPAAZKG6HWHAAApHNlZW7EIJv8ikWLpxi4EIfBASUA3PxN"
    "07JD+4/DqRCHwQHcv5JDqHBydW5lX29uzgALSXincnVsZXNldLA4MjlkOWY2ZmUwNzIwNWE0"
)
"""A borrower as stored before rules could be per loan: A and B of 100 unpaid since 5 February, it is 15 February, and
one warning of missed_payment, yellow, names A."""


def test_a_borrower_stored_before_rules_could_be_per_loan_loses_no_warning() -> None:
    life = Life(SHIPPED_RULESET.read_text(encoding="utf-8"))
    life.borrower = decode(b64decode(STORED_BEFORE))
    life.says(repaid("B1", "2026-02-15", "1.00", loan="A"))
    assert [(each.kind, each.level, each.loan_id) for each in life.changes] == [("raised", "yellow", "B")]

    life.says(repaid("B1", "2026-02-16", "99.00", loan="A"), repaid("B1", "2026-02-16", loan="B"))
    life.waits("2026-03-01")
    carried_on = "a7a27dbd-7fdc-5c6b-8ca4-36b2d0791295"
    assert [(each.kind, each.number, each.warning_id) for each in _of(life, "A")] == [
        ("eased", 2, carried_on), ("cleared", 3, carried_on),
    ]  # fmt: skip
    assert [each.kind for each in _of(life, "B")] == ["raised", "eased", "cleared"]
    assert decode(encode(life.borrower)) == life.borrower


def _asked(indicator: Any, facts: Any, engine: Engine, midnight: int) -> tuple[Any, Any]:
    as_of = engine.calendar.on_due(midnight)
    moved = indicator.next_change(facts, as_of, engine.terms, 1.0, 30.0)
    return indicator.value(facts, as_of, engine.terms), moved


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(most=30), st.sampled_from(ZONES))
def test_a_loan_at_rest_is_measured_as_one_nobody_spoke_of(events: list[Said], zone: str) -> None:
    engine = ENGINES[zone]
    borrower, _ = lived(engine, events)
    for number in range(-5, DAYS + 20, 6):
        midnight = engine.calendar.midnight((START + timedelta(days=number)).toordinal())
        for loan_id, loan in borrower.facts.ledger.loans.items():
            if resting(loan, midnight):
                for indicator in (each for each in CATALOGUE.values() if each.per_loan):
                    value, _ = _asked(indicator, LoanFacts(borrower.facts).of(loan_id, loan), engine, midnight)
                    assert (value, None) == _asked(indicator, LoanFacts(borrower.facts), engine, midnight)


def _days(facts: Any, as_of: AsOf, engine: Engine) -> float:
    found = CATALOGUE["days_past_due"].value(facts, as_of, engine.terms)
    assert found is not None, "there is a loan"
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(most=30), st.sampled_from(ZONES))
def test_the_borrowers_days_past_due_are_those_of_its_worst_loan(events: list[Said], zone: str) -> None:
    engine, indicator = ENGINES[zone], CATALOGUE["days_past_due"]
    borrower, _ = lived(engine, events)
    loans = borrower.facts.ledger.loans
    for number in range(0, DAYS, 10):
        as_of = engine.calendar.on_due(engine.calendar.midnight(date.toordinal(START) + number))
        each = [_days(LoanFacts(borrower.facts).of(*loan), as_of, engine) for loan in loans.items()]
        assert indicator.value(borrower.facts, as_of, engine.terms) == max(each, default=None)
