"""What the engine does with events that are late, wrong or there twice, and with a ruleset that changes."""

import pytest

from services.warning.core.borrower import MAX_REMEMBERED
from services.warning.core.calendar import Calendar
from services.warning.core.engine import Engine, UnknownTypeError
from services.warning.core.records import UnreadableError
from services.warning.core.rules.loading import load_ruleset
from tests.events import disbursed, event, exposed, repaid
from tests.unit.warning.core.lives import PLAIN, Life, as_event

LENDERS = """
ruleset: lenders
rules:
  - {id: many, family: exposure, measure: other_lenders_90d, above: {yellow: 2}}
"""


def test_the_same_event_again_is_a_duplicate_and_another_of_its_id_a_conflict() -> None:
    life = Life()
    loan = disbursed("B1", "2026-01-05", "2026-02-05", id="e1")
    assert life.says(loan, loan, {**loan, "time": "2026-01-05T12:00:01Z"}) == ["applied", "duplicate", "id_conflict"]


def test_the_same_id_of_another_source_is_another_event() -> None:
    life = Life()
    paid = repaid("B1", "2026-01-05", id="e1")
    assert life.says(paid, {**paid, "source": "/elsewhere"}) == ["applied", "applied"]
    assert life.borrower.facts.ledger.loans["L1"].payments.keys() == {
        as_event(paid).hash,
        as_event({**paid, "source": "/elsewhere"}).hash,
    }


def test_an_event_is_too_late_beyond_the_bound_and_not_on_it() -> None:
    life = Life()
    life.says(repaid("B1", "2026-03-01"))
    assert life.says(repaid("B1", "2026-01-15T12:00:00Z")) == ["applied"]
    assert life.says(repaid("B1", "2026-01-15T11:59:59Z")) == ["too_late"]


@pytest.mark.parametrize("swept", [False, True])
def test_what_is_too_late_does_not_depend_on_whether_a_sweep_came_by(*, swept: bool) -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-20"))
    if swept:
        life.waits("2026-03-20")
    assert life.says(repaid("B1", "2026-02-03"), clock="2026-03-20") == ["applied"]
    assert life.says(repaid("B1", "2026-02-02"), clock="2026-03-20") == ["too_late"]


def test_the_partitions_clock_says_what_is_too_late_of_a_borrower_without_a_timer_too() -> None:
    life = Life()
    assert life.says(repaid("B1", "2026-01-05")) == ["applied"]
    assert life.says(repaid("B1", "2026-01-06"), clock="2026-03-20") == ["too_late"]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_new_borrowers_past_is_refused_in_whatever_order_it_comes(*, backwards: bool) -> None:
    past = [disbursed("B1", "2026-01-05", "2026-02-05"), repaid("B1", "2026-01-20"), repaid("B1", "2026-01-25")]
    life = Life()
    assert life.says(*(past[::-1] if backwards else past), clock="2026-03-20") == ["too_late"] * 3
    assert life.borrower.clock == 0


def test_a_new_borrower_is_judged_once_as_it_stands_by_the_partitions_clock() -> None:
    life = Life()
    days = ("2025-12-10", "2026-01-10", "2026-02-10")
    loan = disbursed("B1", "2026-03-01", *days)
    loan["data"]["payments"] = [{"repayment_id": "old", "amount": "200.00", "value_date": "2026-01-10"}]
    life.says(loan, clock="2026-03-20")
    assert life.told == ["raised red 2026-03-19T23"], "38 days late by now, and not blue and yellow before"
    assert life.changes[0].measure["value"] == 38


def test_the_lateness_bound_is_a_setting() -> None:
    life = Life(lateness_days=1)
    life.says(repaid("B1", "2026-03-01"))
    assert life.says(repaid("B1", "2026-02-27")) == ["too_late"]


def test_when_ids_overflow_an_old_event_counts_unless_it_is_among_the_facts() -> None:
    life = Life()
    first = repaid("B1", "2026-01-05T00:00:00Z", "1.00", id="first")
    life.says(first)
    for number in range(MAX_REMEMBERED):
        minute = f"2026-01-06T{number // 180:02}:{number // 3 % 60:02}:00Z"
        life.says(repaid("B1", minute, "1.00", id=f"p{number}"))

    assert life.borrower.knows(as_event(first).hash) is None
    assert life.borrower.forgotten_until > as_event(first).time
    assert life.says(first) == ["too_late"]
    assert life.says(repaid("B1", "2026-01-05T00:00:00Z", "1.00", id="unheard of")) == ["applied"]
    assert len(life.borrower.facts.ledger.loans["L1"].payments) == MAX_REMEMBERED + 2


def test_an_unknown_type_and_unreadable_data_change_nothing() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-02-05"))
    before = repr(life.borrower)
    with pytest.raises(UnknownTypeError, match=r"'comet\.seen'"):
        life.says(event("comet.seen", "B1", "2026-03-05", {}), clock="2026-03-06")
    with pytest.raises(UnreadableError, match=r"revenue\.reported"):
        life.says(event("revenue.reported", "B1", "2026-03-05", {"month": 3}), clock="2026-03-06")
    assert repr(life.borrower) == before
    assert life.changes == []


def test_an_unread_rule_costs_nothing_and_a_fact_without_a_rule_is_kept_all_the_same() -> None:
    life = Life()
    life.says(exposed("B1", "2026-01-05", "bank-1"))
    assert life.borrower.facts.exposure.lenders.keys() == {"bank-1"}
    assert life.borrower.rules == {}


def test_due_times_fire_in_order_each_as_of_itself_before_the_event_that_comes_after_them() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"), repaid("B1", "2026-02-20"))
    assert life.told == [
        "raised blue 2026-01-10T23",
        "escalated yellow 2026-01-16T23",
        "escalated red 2026-02-08T23",
        "cleared red 2026-02-20T12",
    ]


def test_a_due_time_up_to_the_clock_that_an_event_makes_fires_at_once() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"))
    life.says(repaid("B1", "2026-01-06", "1.00"), clock="2026-01-20")
    assert life.told == ["raised blue 2026-01-10T23", "escalated yellow 2026-01-16T23"]


def test_a_warning_of_a_retired_rule_is_cleared_and_a_rule_that_stays_is_banded_anew() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"), exposed("B1", "2026-01-20", "bank-1"))
    stricter = PLAIN.replace("yellow: 7", "orange: 7")
    life.engine = Engine(load_ruleset(stricter), Calendar("Africa/Lagos"))
    life.says(exposed("B1", "2026-01-21", "bank-1"))
    assert life.told[-1] == "escalated orange 2026-01-21T12"

    life.engine = Engine(load_ruleset(LENDERS), Calendar("Africa/Lagos"))
    life.says(exposed("B1", "2026-01-22", "bank-2"))
    assert life.told[-2:] == ["cleared orange 2026-01-22T12", "raised yellow 2026-01-22T12"]
    assert life.changes[-2].reason == "rule_retired"
    assert life.changes[-2].measure == {"name": "late", "value": None, "unit": ""}
    assert life.borrower.due == 0 or life.borrower.rules.keys() == {"many"}


def test_many_lenders_are_kept_whatever_the_order_they_come_in() -> None:
    lenders = [
        exposed("B1", f"2026-01-05T{number // 60:02}:{number % 60:02}:00Z", f"bank-{number}") for number in range(300)
    ]
    one, other = Life(LENDERS), Life(LENDERS)
    one.says(*lenders)
    other.says(*reversed(lenders))
    assert one.borrower.facts.exposure == other.borrower.facts.exposure
    assert len(one.borrower.facts.exposure.lenders) == 256
